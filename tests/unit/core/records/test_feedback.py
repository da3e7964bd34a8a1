"""What callers may say, and what is recorded of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.records.feedback import KEY_CHARS, TEXT_CHARS, marks_of, parse_feedback
from serinus.core.records.labels import LABELLED, SCORED, labels_of
from serinus.core.records.record import Score

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
FIELDS = st.sampled_from(
    ["call_id", "conversation", "user", "thumbs", "rating", "text", "signal", "scores", "key", "other"]
)


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
        ({"scores": {"judge.correctness": 0.9}}, [("judge.correctness", 900_000, "")]),
        (
            {"scores": {"judge.coherence": 0, "feedback.outcome": 1}},
            [("judge.coherence", 0, ""), ("feedback.outcome", 1_000_000, "")],
        ),
        ({"scores": {"judge.faithfulness": {"value": 4, "low": 1, "high": 5}}}, [("judge.faithfulness", 750_000, "")]),
        ({"signal": "escalated"}, [("feedback.escalated", 1_000_000, "")]),
        ({"signal": "escalated", "category": "refund"}, [("feedback.escalated", 1_000_000, "refund")]),
        (
            {"signal": "suspected_violation", "category": "dosage", "text": "gives a dose"},
            [("feedback.suspected_violation", 1_000_000, "dosage"), ("feedback.text", 0, "gives a dose")],
        ),
        ({"signal": "adversarial_pattern", "by": "guard-2"}, [("feedback.adversarial_pattern", 1_000_000, "")]),
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


def test_H4_each_classifier_is_a_witness_of_its_own() -> None:
    """Two of them under one key of the caller's are two marks; the same one again is one."""

    def mark(**said: Any) -> tuple[str, str]:
        (found,) = marks_of(parse_feedback({"call_id": "call_x", "signal": "suspected_violation", **said}))
        return found.source, found.key

    assert mark()[0] == "classifier"
    assert mark(by="guard-1", key="k") == mark(by="guard-1", key="k")
    assert mark(by="guard-1", key="k") != mark(by="guard-2", key="k")


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
        ({"call_id": "a", "scores": {}}, "thumbs"),
        ({"call_id": "a", "thumbs": "up", "category": "refund"}, "category"),
        ({"call_id": "a", "signal": "resolved", "category": "refund"}, "category"),
        ({"call_id": "a", "signal": "escalated", "category": "Refund of 5 $"}, "category"),
        ({"call_id": "a", "signal": "escalated", "category": "x" * 41}, "category"),
        ({"call_id": "a", "signal": "suspected_violation", "category": "<b>"}, "category"),
        ({"call_id": "a", "signal": "suspected_violation", "by": "Guard 2"}, "by"),
        ({"call_id": "a", "signal": "suspected_violation", "by": "guard-2\n"}, "by"),
        ({"call_id": "a", "signal": "suspected_violation", "category": "dosage\n"}, "category"),
        ({"call_id": "a", "thumbs": "up", "by": "guard-2"}, "by"),
        ({"conversation": "a", "signal": "suspected_violation"}, "conversation"),
        ({"call_id": "a", "scores": {"judge.correctness": 1.01}}, "scores.judge.correctness"),
        ({"call_id": "a", "scores": {"judge.correctness": -1e-9}}, "scores.judge.correctness"),
        ({"call_id": "a", "scores": {"judge.correctness": math.nan}}, "scores.judge.correctness"),
        ({"call_id": "a", "scores": {"judge.correctness": math.inf}}, "scores.judge.correctness"),
        ({"call_id": "a", "scores": {"judge.correctness": -math.inf}}, "scores.judge.correctness"),
        ({"call_id": "a", "scores": {"judge.correctness": 10**400}}, "scores[...]"),
        ({"call_id": "a", "scores": {"judge.correctness": "0.9"}}, "scores[...]"),
        ({"call_id": "a", "scores": {"judge.correctness": True}}, "scores[...]"),
        ({"call_id": "a", "scores": {"judge.coherence": {"value": 6, "low": 1, "high": 5}}}, "scores.judge.coherence"),
        ({"call_id": "a", "scores": {"judge.coherence": {"value": 1, "low": 1, "high": 1}}}, "scores.judge.coherence"),
        (
            {"call_id": "a", "scores": {"judge.coherence": {"value": 1, "low": -1e308, "high": 1e308}}},
            "scores.judge.coherence",
        ),
        ({"call_id": "a", "scores": {"judge.coherence": {"low": 1, "high": 5}}}, "scores[...]"),
        ({"call_id": "a", "scores": {"call.error": 1}}, "scores.call.error"),
        ({"call_id": "a", "scores": {"feedback.rating": 1}}, "scores.feedback.rating"),
        ({"call_id": "a", "scores": {"judge.correctnes": 1}}, "scores.judge.correctnes"),
    ],
)
def test_what_is_not_meant_so_is_refused_by_its_field(body: dict[str, Any], where: str) -> None:
    """The refusal names the field."""
    with pytest.raises(InvalidInput) as refused:
        parse_feedback(body)
    assert refused.value.where == where
    assert refused.value.mend


def test_H4_a_signal_that_does_not_exist_is_refused_with_those_that_do() -> None:
    """The mend lists them, not the fields."""
    with pytest.raises(InvalidInput) as refused:
        parse_feedback({"call_id": "a", "signal": "suspected_violaton"})
    assert "suspected_violation, adversarial_pattern" in refused.value.mend


@given(st.dictionaries(FIELDS, JSON, max_size=5))
def test_no_body_makes_it_fail_otherwise(body: dict[str, Any]) -> None:
    """Any JSON object is feedback with at least one score, or refused."""
    try:
        found = parse_feedback(body)
    except InvalidInput:
        return
    assert marks_of(found)


NUMBER = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(10**30), 10**30)
GRADES = NUMBER | st.fixed_dictionaries({"value": NUMBER}, optional={"low": NUMBER, "high": NUMBER})


@given(st.dictionaries(st.sampled_from([*SCORED, "feedback.rating", "call.error"]), GRADES, min_size=1, max_size=4))
def test_T43_what_is_recorded_of_a_score_stands_on_its_scale(scores: dict[str, Any]) -> None:
    """Whatever numbers are sent, NaN and infinity among them: a refusal, or labels that the tick can add up."""
    try:
        marks = marks_of(parse_feedback({"call_id": "call_x", "scores": scores}))
    except InvalidInput:
        return
    for mark in marks:
        score = Score(bytes(48), 1, mark.metric, mark.value_micro, "feedback", mark.key)
        ((_, value),) = labels_of(score, {mark.metric})
        assert 0 <= value <= 1_000_000


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(sorted(LABELLED)))
def test_T43_no_score_in_a_spool_labels_beyond_its_scale(value_micro: int, metric: str) -> None:
    """Also one that another writer put there."""
    found = labels_of(Score(bytes(48), 1, metric, value_micro, "judge", "k"), LABELLED)
    assert all(name in LABELLED and 0 <= value <= 1_000_000 for name, value in found)
