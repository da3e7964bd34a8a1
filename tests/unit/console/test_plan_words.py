"""What guards and limits a release, in sentences."""

from __future__ import annotations

import pytest

from serinus.console.plan_words import guardrail_words, limit_words
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.limit import Limit


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (
            Limit(metric="call.error", above=0.025),
            "Errors: above 2.5 % in 5 minutes in a row, with at least 50 requests in each, rolls back",
        ),
        (
            Limit(metric="judge.correctness", below=0.8, buckets=60, min_requests=100, by_chance=0.01),
            "Correctness: below 0.8 on average of 60 min, with at least 100 scores and by chance at most 1 % of the "
            "time, rolls back",
        ),
        (
            Limit(metric="judge.hallucination", above=0.05, buckets=120, min_requests=200, action="pause"),
            "Hallucination: above 0.05 on average of 2 h, with at least 200 scores, pauses",
        ),
    ],
)
def test_J1_what_a_limit_does_is_one_sentence(limit: Limit, words: str) -> None:
    """Of a score its window and its scores, of all else its buckets."""
    assert limit_words(limit) == words


def test_what_a_guardrail_on_a_score_does_is_one_sentence() -> None:
    """Below the control's, or above it of what is better when lower."""
    assert guardrail_words(Guardrail(metric="judge.correctness")) == (
        "Correctness: more than 2 points below the control's rolls back"
    )
    assert guardrail_words(Guardrail(metric="judge.hallucination", max_rise=0.03, role="signal")) == (
        "Hallucination: more than 3 points above the control's pauses"
    )
