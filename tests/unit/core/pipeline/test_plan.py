"""Plans: what cannot work is refused before a release starts."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step

STEPS = (Step(share=0.05, dwell_s=60), Step(share=0.5, dwell_s=60), Step(share=1.0, dwell_s=60))

TIGHT = Guardrail(metric="call.error", max_ratio=1.1, role="signal")


def plan(**fields: Any) -> Plan:
    return Plan(**{"owner": "ada@example.com", "steps": STEPS, **fields})


def test_A4_a_plan_without_owner_is_refused() -> None:
    """Somebody is responsible, by name; the error shows the line to write."""
    with pytest.raises(InvalidInput, match="no owner") as refused:
        plan(owner="")
    assert "owner:" in refused.value.mend


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"steps": ()}, "plan.steps"),
        ({"steps": (Step(share=0.6, dwell_s=60), Step(share=1.0, dwell_s=60))}, "plan.steps[0]"),
        ({"steps": (Step(share=0.0, dwell_s=60), Step(share=1.0, dwell_s=60))}, "plan.steps[0]"),
        ({"steps": (Step(share=0.2, dwell_s=60), Step(share=0.1, dwell_s=60))}, "plan.steps[1]"),
        ({"steps": (Step(share=0.2, dwell_s=60), Step(share=0.2, dwell_s=60))}, "plan.steps[1]"),
        ({"steps": (Step(share=0.2, dwell_s=0), Step(share=1.0, dwell_s=60))}, "plan.steps[0]"),
        ({"steps": (Step(share=0.2, dwell_s=60, min_units=-1),)}, "plan.steps[0]"),
        ({"steps": (Step(share=0.2, dwell_s=60),)}, "plan.steps"),
        ({"alpha": 0.0}, "plan.alpha"),
        ({"alpha": 1.0}, "plan.alpha"),
        ({"holdback": 0.0}, "plan.holdback"),
        ({"lease_s": 91.0}, "plan.lease_s"),
        ({"guardrails": (Guardrail(metric="call.eror"),)}, "metric"),
        ({"guardrails": (Guardrail(metric="call.error", max_ratio=0.9),)}, "plan.guardrails[0]"),
        ({"guardrails": (Guardrail(metric="call.error", max_ratio=2.0),)}, "plan.guardrails[0]"),
        ({"guardrails": (Guardrail(metric="call.error", weight=0.0),)}, "plan.guardrails[0]"),
        ({"guardrails": (Guardrail(metric="call.error", weight=1e7),)}, "plan.guardrails[0]"),
        ({"guardrails": (Guardrail(metric="call.error", weight=math.nan),)}, "plan.guardrails[0]"),
        ({"guardrails": (Guardrail(metric="call.error", design_ratio=1e16),)}, "plan.guardrails[0]"),
        ({"guardrails": (Guardrail(metric="call.error"), TIGHT)}, "plan.guardrails[1]"),
        ({"freshness_s": 0.0}, "plan.freshness_s"),
        ({"freshness_s": math.inf}, "plan.freshness_s"),
        ({"veto_deadline_s": 0.0}, "plan.veto_deadline_s"),
        ({"steps": tuple(Step(share=i / 1000, dwell_s=1) for i in range(1, 102))}, "plan.steps"),
        ({"limits": (Limit(metric="call.eror", above=0.1),)}, "metric"),
        ({"limits": (Limit(metric="call.error", above=1.0),)}, "plan.limits[0]"),
        ({"limits": (Limit(metric="call.error", above=0.1, buckets=0),)}, "plan.limits[0]"),
    ],
)
def test_A6_a_plan_that_cannot_work_is_refused_where_it_is_wrong(fields: dict[str, Any], where: str) -> None:
    """The error names the field and how to mend it."""
    with pytest.raises(InvalidInput) as refused:
        plan(**fields)
    assert refused.value.where == where
    assert refused.value.mend


@given(st.floats(0.001, 0.5))
def test_the_watch_gives_all_but_the_holdback(holdback: float) -> None:
    """100 % on paper is 1 - holdback in the slices; the steps before are what they say."""
    ramped = plan(holdback=holdback)
    assert [ramped.candidate_share(step) for step in range(3)] == [0.05, 0.5, 1.0 - holdback]
    assert [ramped.is_watch(step) for step in range(3)] == [False, False, True]
