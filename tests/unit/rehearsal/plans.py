"""Small pipelines and scenarios: some milliseconds a release."""

from __future__ import annotations

from typing import Any

from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.rehearse import rehearse_batch
from serinus.rehearsal.scenario import Effect, Rate, Scenario, Traffic

ERROR = "call.error"
PLAN = Plan(
    owner="ada@example.com",
    steps=(
        Step(share=0.1, dwell_s=1800, min_units=50),
        Step(share=0.5, dwell_s=3600, min_units=50),
        Step(share=1.0, dwell_s=3600),
    ),
    guardrails=(Guardrail(metric=ERROR, max_ratio=1.0), Guardrail(metric="call.refusal", max_ratio=1.0)),
    limits=(Limit(metric=ERROR, above=0.5, min_requests=10),),
    alpha=0.05,
    freshness_s=300,
)
TRAFFIC = Traffic(requests_per_day=300_000, users=3000)
RATES = (Rate(metric=ERROR, chance=0.02), Rate(metric="call.refusal", chance=0.02))


def scenario(**changes: Any) -> Scenario:
    """A healthy candidate, but for the changes."""
    return Scenario(**{"name": "tried", "rates": RATES, "traffic": TRAFFIC, **changes})


def times(ratio: float, **changes: Any) -> Scenario:
    """So many times the errors."""
    return scenario(effect=(Effect(metric=ERROR, ratio=ratio, **changes),))


def outcomes(played: Scenario, releases: int, plan: Plan = PLAN) -> list[Outcome]:
    """Releases in this process."""
    return rehearse_batch(played, plan, range(releases), 7)
