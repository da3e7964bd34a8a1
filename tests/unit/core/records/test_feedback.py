"""What callers may say, and what is recorded of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.records.feedback import KEY_CHARS, TEXT_CHARS, marks_of, parse_feedback

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
FIELDS = st.sampled_from(["call_id", "conversation", "user", "thumbs", "rating", "text", "signal", "key", "other"])


def _marks(**said: Any) -> list[tuple[str, int, str]]:
    marks = marks_of(parse_feedback({"call_id": "call_x", **said}))
    return [(mark.metric, mark.value_micro, mark.text) for mark in marks]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"thumbs": "down"}, [("feedback.thumbs_down", 1_000_000, "")]),
        ({"thumbs": "up"}, [("feedback.thumbs_down", 0, "")]),
        ({"rating": 2}, [("feedback.thumbs_down", 1_000_000, ""), ("feedback.rating", 2_000_000, "")]),
        ({"rating": 3}, [("feedback.thumbs_down", 0, ""), ("feedback.rating", 3_000_000, "")]),
        ({"thumbs": "up", "rating": 1}, [("feedback.thumbs_down", 1_000_000, ""), ("feedback.rating", 1_000_000, "")]),
        ({"signal": "escalated"}, [("feedback.escalated", 1_000_000, "")]),
        ({"signal": "resolved", "text": "ok"}, [("feedback.resolved", 1_000_000, ""), ("feedback.text", 0, "ok")]),
    ],
)
def test_O2_feedback_is_recorded_as_scores(said: dict[str, Any], expected: list[tuple[str, int, str]]) -> None:
    """Thumbs down or a rating of at most 2 is a bad event; every other thing said is a score of its own."""
    assert _marks(**said) == expected


def test_O2_equal_feedback_has_equal_keys_and_a_callers_key_stands_for_it() -> None:
    """A retry without a key is told by its content; another rating is another feedback."""

    def keys(**said: Any) -> list[str]:
        return [mark.key for mark in marks_of(parse_feedback({"call_id": "call_x", **said}))]

    assert keys(rating=1) == keys(rating=1)
    assert keys(rating=1) != keys(rating=2)
    assert keys(rating=1, key="form-7") == ["form-7", "form-7"]
    assert keys(text="a") != keys(text="b")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"thumbs": "down"}, "call_id"),
        ({"call_id": "a", "conversation": "b", "thumbs": "down"}, "call_id"),
        ({"call_id": "a"}, "thumbs"),
        ({"call_id": "a", "thumbs": "sideways"}, "thumbs"),
        ({"call_id": "a", "rating": 0}, "rating"),
        ({"call_id": "a", "rating": 6}, "rating"),
        ({"call_id": "a", "rating": 4.5}, "rating"),
        ({"call_id": "a", "rating": True}, "rating"),
        ({"call_id": "a", "signal": "sold"}, "signal"),
        ({"call_id": 5, "thumbs": "up"}, "call_id"),
        ({"call_id": "a", "text": "x" * (TEXT_CHARS + 1)}, "text"),
        ({"call_id": "a", "thumbs": "up", "key": "x" * (KEY_CHARS + 1)}, "key"),
        ({"call_id": "a", "thumbs": "up", "key": "a\nb"}, "key"),
        ({"call_id": "a", "thumb": "up"}, ""),
    ],
)
def test_what_is_not_meant_so_is_refused_by_its_field(body: dict[str, Any], where: str) -> None:
    """The refusal names the field."""
    with pytest.raises(InvalidInput) as refused:
        parse_feedback(body)
    assert refused.value.where == where
    assert refused.value.mend


@given(st.dictionaries(FIELDS, JSON, max_size=5))
def test_no_body_makes_it_fail_otherwise(body: dict[str, Any]) -> None:
    """Any JSON object is feedback with at least one score, or refused."""
    try:
        found = parse_feedback(body)
    except InvalidInput:
        return
    assert marks_of(found)
