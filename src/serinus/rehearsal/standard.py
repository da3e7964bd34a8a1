"""The pipeline that is rehearsed when no other is named: five steps of traffic, the usual guardrails."""

from __future__ import annotations

import msgspec

from serinus.core.pipeline.plan import Guardrail, Limit, Plan
from serinus.core.pipeline.stages import RolloutStage
from serinus.core.pipeline.step import Step

HOUR_S = 3600.0

STANDARD = Plan(
    owner="nobody@example.com",
    steps=(
        Step(share=0.02, dwell_s=2 * HOUR_S, min_units=100),
        Step(share=0.10, dwell_s=4 * HOUR_S, min_units=200),
        Step(share=0.25, dwell_s=6 * HOUR_S, min_units=200),
        Step(share=0.50, dwell_s=6 * HOUR_S, min_units=200),
        Step(share=1.00, dwell_s=24 * HOUR_S),
    ),
    guardrails=(
        Guardrail(metric="call.error"),
        Guardrail(metric="call.invalid_format"),
        Guardrail(metric="call.refusal"),
    ),
    limits=(Limit(metric="call.error", above=0.15),),
    freshness_s=300.0,
)


def traffic_only(plan: Plan) -> Plan:
    """The plan with its traffic alone: stages without any have no users, so they are taken as passed."""
    return msgspec.structs.replace(plan, stages=(RolloutStage(steps=plan.steps),))
