"""Cases and data sets: what names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.judging.case import Case, canonical_line, case_digest, data_set, raw_lines, stored_cases

ONE, TWO = Case(id="1", input="a"), Case(id="2", messages=({"role": "user", "content": "b"},), weight=2.0)


def test_a_data_set_is_named_by_its_cases_whatever_their_order() -> None:
    """The same cases in another order are the same set; any change makes another."""
    assert data_set([ONE, TWO]).digest == data_set([TWO, ONE]).digest
    assert data_set([ONE]).digest != data_set([ONE, TWO]).digest
    assert case_digest(ONE) != case_digest(Case(id="1", input="a "))


def test_what_is_left_out_and_its_default_are_the_same_case() -> None:
    """Defaults are not in the canonical line; an expected null is."""
    assert canonical_line(Case(id="1", input="a", weight=1.0, split="gate")) == b'{"id":"1","input":"a"}'
    assert canonical_line(Case(id="1", input="a", expected=None)) == b'{"expected":null,"id":"1","input":"a"}'


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5, unique=True))
def test_stored_lines_come_back(texts: list[str]) -> None:
    """Canonical lines read back to the same set, and normal text stays what it is."""
    cases = []
    for number, text in enumerate(texts):
        try:
            cases.append(Case(id=str(number), input=text))
            canonical_line(cases[-1])
        except InvalidInput:
            cases.pop()
    if cases:
        found = stored_cases(raw_lines(cases))
        assert found.digest == data_set(cases).digest


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"id": " ", "input": "a"}, "id"),
        ({"id": "1"}, "input"),
        ({"id": "1", "input": "a", "messages": ({"role": "user"},)}, "input"),
        ({"id": "1", "input": "a", "weight": 0.0}, "weight"),
        ({"id": "1", "input": "a", "weight": float("nan")}, "weight"),
    ],
)
def test_a_case_that_cannot_be_asked_is_refused(fields: dict[str, object], where: str) -> None:
    """The field at fault is named."""
    with pytest.raises(InvalidInput) as refused:
        Case(**fields)  # type: ignore[arg-type]
    assert refused.value.where == where


def test_ids_are_unique_and_a_set_is_not_empty() -> None:
    """Otherwise scores could not be told apart, or there would be none."""
    with pytest.raises(InvalidInput, match="twice"):
        data_set([ONE, ONE])
    with pytest.raises(InvalidInput, match="no case"):
        stored_cases(b"\n")
    with pytest.raises(InvalidInput, match="not a case"):
        stored_cases(b'{"id": 1}')


def test_the_question_is_shown_with_its_roles() -> None:
    """An input as it is, messages line by line."""
    assert ONE.asked() == "a"
    assert TWO.asked() == "user: b"
