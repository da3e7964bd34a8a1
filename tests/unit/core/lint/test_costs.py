"""What a release costs beyond what the live version costs anyway."""

from __future__ import annotations

import pytest

from serinus.core.lint.costs import judge_cost, shadow_costs
from serinus.core.lint.findings import findings
from serinus.core.lint.forecast import forecast
from serinus.core.lint.traffic import HOURS_OF_WEEK, Traffic
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.pipeline.stages import RolloutStage, ShadowStage
from serinus.core.pipeline.step import Step

ROLLOUT = RolloutStage(steps=(Step(share=0.1, dwell_s=10 * 3600.0), Step(share=1.0, dwell_s=3600.0)))


def plan(shadow: ShadowStage, *rails: Guardrail) -> Plan:
    """A shadow stage, then ten hours at 10 %."""
    limit = Limit(metric="call.error", above=0.1)
    return Plan(owner="ada", stages=(shadow, ROLLOUT), limits=(limit,), guardrails=rails)


def traffic(**changes: object) -> Traffic:
    """1,000 calls an hour at $0.002."""
    fields = {
        "days": 14.0,
        "hourly": (1000.0,) * HOURS_OF_WEEK,
        "reach": ((1.0, 500.0), (24.0, 6000.0)),
        "cost_nano": 2_000_000,
        **changes,
    }
    return Traffic(**fields)  # type: ignore[arg-type]


def test_copies_of_calls_cost_what_calls_cost() -> None:
    """Half of 12,000 calls in 12 h: $12; unknown where no price is, and never above the stage's own ceiling."""
    stage = ShadowStage(name="shadow", share=0.5, dwell_s=12 * 3600.0)
    [found] = shadow_costs(plan(stage), traffic())
    assert (found.calls, found.usd, found.capped) == (6000, pytest.approx(12.0), False)
    assert shadow_costs(plan(stage), traffic(cost_nano=-1))[0].usd is None
    capped = ShadowStage(name="shadow", share=0.5, dwell_s=12 * 3600.0, max_cost_usd=5.0)
    assert shadow_costs(plan(capped), traffic())[0] == type(found)(stage="shadow", calls=6000, usd=5.0, capped=True)


def test_a_judge_grades_both_arms_while_they_are_compared() -> None:
    """2 % of twice 100 calls an hour, for ten hours, at $0.01 each."""
    known = traffic(judged=0.02, judge_nano=10_000_000)
    own = plan(ShadowStage(name="shadow"))
    found = judge_cost(own, known, forecast(own, known))
    assert found is not None
    assert (found.grades, found.usd) == (pytest.approx(40), pytest.approx(0.4))
    assert judge_cost(own, traffic(), forecast(own, traffic())) is None


def test_costs_and_what_is_not_forecast_are_told() -> None:
    """As information; a ceiling that ends the stage early as a warning."""
    stage = ShadowStage(name="mirror", max_cost_usd=5.0)
    own = plan(stage, Guardrail(metric="cost.per_call"))
    known = traffic(judged=0.02)
    told = {one.where: one for one in findings(own, known, forecast(own, known))}
    assert told["plan.stages.mirror"].level == "warning"
    assert "max_cost_usd" in told["plan.stages.mirror"].mend
    assert "what they cost is not known" in told["traffic.judged"].what
    assert "nobody knows how cost per call varies" in told["traffic.variation"].what
    assert "cost.per_call: 80%" in told["traffic.variation"].mend
