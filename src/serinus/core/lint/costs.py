"""What a release costs beyond what the live version costs anyway: copies of calls in shadow, and a judge's grades."""

from __future__ import annotations

import math

import msgspec

from serinus.core.lint.foreseen import Forecast
from serinus.core.lint.traffic import Traffic
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import ShadowStage

_S_PER_HOUR = 3600.0
_NANO = 1e9


class ShadowCost(msgspec.Struct, frozen=True, kw_only=True):
    """A shadow stage in its dwell: copies of calls, and US dollars for them (None: nobody knows what a call costs).
    `capped`: the stage's own ceiling comes first, so that fewer are made."""

    stage: str
    calls: float
    usd: float | None
    capped: bool = False


class JudgeCost(msgspec.Struct, frozen=True, kw_only=True):
    """Grades of both arms' answers while they are compared, and US dollars for them (None: nobody knows)."""

    grades: float
    usd: float | None


def shadow_costs(plan: Plan, traffic: Traffic) -> tuple[ShadowCost, ...]:
    """Of each shadow stage, which takes its time at any hour of the week."""
    found = []
    for stage in plan.stages:
        if not isinstance(stage, ShadowStage):
            continue
        calls = traffic.calls_per_hour * stage.share * stage.dwell_s / _S_PER_HOUR
        usd = None if traffic.cost_nano < 0 else calls * traffic.cost_nano / _NANO
        capped = usd is not None and 0 < stage.max_cost_usd < usd
        found.append(
            ShadowCost(stage=stage.name, calls=calls, usd=min(usd, stage.max_cost_usd) if capped and usd else usd,
                       capped=capped)
        )  # fmt: skip
    return tuple(found)


def judge_cost(plan: Plan, traffic: Traffic, found: Forecast) -> JudgeCost | None:
    """Of the share of answers that is judged in production; None when none is."""
    if traffic.judged <= 0:
        return None
    compared = [one for one in found.steps if not plan.is_watch(one.step)]
    grades = 2 * traffic.judged * math.fsum((one.hours or 0.0) * one.calls_mean for one in compared)
    return JudgeCost(grades=grades, usd=None if traffic.judge_nano < 0 else grades * traffic.judge_nano / _NANO)
