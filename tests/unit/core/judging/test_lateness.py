"""Scores that come after their guardrail has stopped waiting are missing, and it is told."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.judging.lateness import longest_call_s, too_late, too_slow
from serinus.core.judging.scorers import Judge
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.plan import Guardrail, Plan, Step

METRIC = "judge.correctness"
LIVE = LiveJudge(metric=METRIC, judge=Judge(criterion="It is right.", endpoint="sim", model="judge-1", repeats=3))


def plan(matures_s: float, metric: str = METRIC) -> Plan:
    """With one guardrail."""
    rail = Guardrail(metric=metric, maturation_s=matures_s)
    return Plan(owner="ada", steps=(Step(share=0.5, dwell_s=60), Step(share=1.0, dwell_s=60)), guardrails=(rail,))


@pytest.mark.parametrize(
    ("delay_s", "lag_s", "said"),
    [
        (None, None, ""),
        (899.0, 899.0, ""),
        (1320.0, None, "5 % of its scores come 22 min or more after their call, and the guardrail waits for 15 min"),
        (10.0, 3600.0, "the oldest call has waited for 60 min, and the guardrail waits for 15 min"),
    ],
)
def test_I2_what_comes_too_late_is_told_with_how_late_it_comes(
    delay_s: float | None, lag_s: float | None, said: str
) -> None:
    """By the scores that have come, and by the call that has waited longest."""
    found = too_late(plan(900.0), METRIC, delay_s, lag_s)
    assert found.startswith(said)
    assert bool(found) == bool(said)
    assert not said or "set `matures` well above" in found


def test_I2_where_no_guardrail_waits_nothing_comes_too_late() -> None:
    """Nor where the app has no plan."""
    assert too_late(plan(900.0, "judge.policy"), METRIC, 9e9, 9e9) == ""
    assert too_late(None, METRIC, 9e9, 9e9) == ""
    assert too_slow(None, LIVE) == ""


def test_I2_a_guardrail_that_waits_less_than_one_call_may_take_is_told() -> None:
    """All tries of all repeats, each as slow as it may be."""
    assert longest_call_s(LIVE) == 720.0
    assert "may take 12 min for a call" in too_slow(plan(719.0), LIVE)
    assert too_slow(plan(720.0), LIVE) == ""
    assert too_slow(plan(60.0), msgspec.structs.replace(LIVE, timeout_s=5.0)) == ""
