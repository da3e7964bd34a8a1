"""Limits on the mean of scores in rehearsals: grades call by call, and the real decision (Q1, J1)."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.pipeline.limit import Limit
from serinus.rehearsal.rehearse import rehearse_one
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.standard import STANDARD
from tests.unit.rehearsal.test_labels import LIVE_DROP

J1 = Limit(metric="judge.correctness", below=0.80, buckets=60, min_requests=100, by_chance=0.01)
INVENTED = Limit(metric="judge.hallucination", above=0.20, buckets=60, min_requests=100, by_chance=0.01)
RAILS = tuple(rail for rail in STANDARD.guardrails if rail.metric == "call.error")


def scenario(live_drop: float, live: float = 0.2) -> Scenario:
    """Nothing else differs; 88 % of the live version's answers are right."""
    judge = msgspec.structs.replace(LIVE_DROP.judge, live_drop=live_drop, live=live)
    return msgspec.structs.replace(LIVE_DROP, judge=judge)


@pytest.mark.parametrize("limit", [J1, INVENTED])
@pytest.mark.parametrize(("drop", "end"), [(0.18, "rolled_back"), (0.0, "promoted")])
def test_Q1_a_limit_on_scores_takes_back_what_is_worse_and_nothing_else(limit: Limit, drop: float, end: str) -> None:
    """By the grades alone, within hours."""
    plan = msgspec.structs.replace(STANDARD, guardrails=RAILS, limits=(*STANDARD.limits, limit))
    found = rehearse_one(scenario(drop), plan, 0, seed=3)
    assert found.end == end, found


def test_Q1_without_grades_nothing_is_promoted() -> None:
    """No data is never a pass, in rehearsals too."""
    plan = msgspec.structs.replace(STANDARD, guardrails=RAILS, limits=(*STANDARD.limits, J1))
    assert rehearse_one(scenario(0.0, live=0.0), plan, 0, seed=3).end == "unfinished"
