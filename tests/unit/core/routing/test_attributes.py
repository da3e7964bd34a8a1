"""Attributes are a small flat object; all else is told to the caller."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.routing.attributes import LONGEST_TEXT, MOST, attributes_of


def test_A1_texts_numbers_and_booleans_are_attributes() -> None:
    """As they came, of the type they came in."""
    given = {"region": "eu", "seats": 3, "score": 0.5, "staff": True}
    assert attributes_of(given, "here") == given


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ([], "not a JSON object"),
        ("x", "not a JSON object"),
        (None, "not a JSON object"),
        ({"a": None}, "no text, number or boolean"),
        ({"a": {"b": 1}}, "no text, number or boolean"),
        ({"a": ["b"]}, "no text, number or boolean"),
        ({"a": float("inf")}, "no text, number or boolean"),
        ({"": 1}, "0 characters"),
        ({"n" * 65: 1}, "65 characters"),
        ({"a": "x" * (LONGEST_TEXT + 1)}, "257 characters"),
        ({str(n): n for n in range(MOST + 1)}, "33 attributes"),
    ],
)
def test_A1_anything_else_is_refused(given: Any, what: str) -> None:
    """With its place and what to send."""
    with pytest.raises(InvalidInput, match=what) as refused:
        attributes_of(given, "x-serinus-attributes")
    assert refused.value.where == "x-serinus-attributes"
    assert refused.value.mend
