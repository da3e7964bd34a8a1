"""What applies of a plan while nothing is live (H13)."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.lint.findings import findings
from serinus.core.lint.forecast import forecast
from serinus.core.pipeline.first import first_plan
from serinus.core.pipeline.plan import Guardrail, Limit, Plan
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.core.pipeline.step import Step
from tests.unit.core.lint.test_forecast import traffic

STEPS = (
    Step(share=0.1, dwell_s=3600, min_units=20),
    Step(share=0.5, dwell_s=3600, require="non_inferior"),
    Step(share=1.0, dwell_s=3600),
)
PLAN = Plan(
    owner="ada",
    stages=(
        OfflineStage(name="offline", suites=("golden",)),
        ShadowStage(name="staging", requests=("recorded",), budget_s=80_000),
        ApprovalStage(name="sign-off", roles=("ml_lead",)),
        RolloutStage(steps=STEPS),
    ),
    guardrails=(Guardrail(metric="call.error"),),
    limits=(Limit(metric="call.error", above=0.05),),
)


def test_H13_what_compares_falls_away_and_what_is_absolute_stays() -> None:
    """No guardrail, no proof of non-inferiority, no holdback; limits, dwells and samples as declared."""
    found = first_plan("bot", PLAN, "Soon.")
    assert (found.first, found.not_compared, found.guardrails, found.holdback) == (True, ("call.error",), (), 0.0)
    assert {step.require for step in found.steps} == {"no_harm"}
    assert found.limits == PLAN.limits
    assert [step.share for step in found.steps] == [0.1, 0.5, 1.0]
    assert found.slice_share(2) == 1.0
    assert found.stages[1] == OfflineStage(name="staging", suites=("recorded",), budget_s=80_000)


def test_H13_a_plan_is_the_same_after_it_was_stored() -> None:
    """A store holds it as JSON."""
    found = first_plan("bot", PLAN, "Soon.")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Plan) == found


def test_nobody_declares_a_holdback_of_nothing() -> None:
    """It is a first release's alone."""
    with pytest.raises(InvalidInput, match="holdback"):
        msgspec.structs.replace(PLAN, holdback=0.0)


def test_H13_a_forecast_of_a_first_release_stands() -> None:
    """Units, hours and limits are told; harm by comparison is not."""
    found = first_plan("bot", PLAN, "Soon.")
    told = findings(found, traffic(), forecast(found, traffic()))
    assert not [one for one in told if "guardrail" in one.where]
