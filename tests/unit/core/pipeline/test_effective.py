"""The plan that a release follows, with what history saves and risk asks for."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.acceleration import Acceleration
from serinus.core.pipeline.effective import effective_plan
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Plan, Step
from serinus.core.pipeline.risk import MEDIUM, Demands, RiskRules
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage, Stage
from serinus.core.versions.release_type import risk_level
from serinus.core.versions.risk import Risk

HOUR = 3600.0


def plan(*stages: Stage, risk: RiskRules | None = None, accelerate: Acceleration | None = None) -> Plan:
    limits = (Limit(metric="call.error", above=0.025),)
    return Plan(owner="ada", stages=stages, limits=limits, risk=risk or RiskRules(), accelerate=accelerate)


OFFLINE = OfflineStage(name="offline", suites=("golden",))
SHADOW = ShadowStage(name="shadow", dwell_s=12 * HOUR, budget_s=18 * HOUR)
SIGN = ApprovalStage(name="sign-off", roles=("ml_lead",))
CANARY = RolloutStage(name="canary", steps=(Step(share=0.02, dwell_s=2 * HOUR), Step(share=0.1, dwell_s=4 * HOUR)))
REST = RolloutStage(
    name="progressive",
    steps=(
        Step(share=0.25, dwell_s=6 * HOUR),
        Step(share=0.5, dwell_s=6 * HOUR),
        Step(share=1.0, dwell_s=24 * HOUR),
    ),
)
WHOLE = plan(OFFLINE, SHADOW, SIGN, CANARY, REST)


def at(risk: int) -> Risk:
    return Risk(
        type="none", proposed="none", base_risk=risk, floor=0, risk=risk, level=risk_level(risk), reasons=("why",)
    )


def dwells(found: Plan) -> list[float]:
    return [step.dwell_s / HOUR for step in found.steps]


def names(found: Plan) -> list[str]:
    return [stage.name for stage in found.stages]


def test_M2_low_risk_keeps_the_way_and_is_on_record() -> None:
    """Nothing changes but what is known."""
    found = effective_plan(WHOLE, clean=False, risk=at(30))
    assert found.stages == WHOLE.stages
    assert found.effect.risk == at(30)
    assert found.effect.changes == ()


def test_M2_medium_risk_has_a_day_of_shadow_and_eight_hours_at_10_percent() -> None:
    """The shadow's budget grows by what its dwell grows; each change is told with the risk."""
    found = effective_plan(WHOLE, clean=False, risk=at(31))
    shadow = found.stages[1]
    assert isinstance(shadow, ShadowStage)
    assert (shadow.dwell_s, shadow.budget_s) == (24 * HOUR, 30 * HOUR)
    assert dwells(found) == [2, 8, 6, 6, 24]
    assert [(one.stage, one.what) for one in found.effect.changes] == [
        ("shadow", "at least 24 h instead of 12 h, within 30 h"),
        ("canary", "at 10 % at least 8 h instead of 4 h"),
    ]
    assert {one.why for one in found.effect.changes} == {"medium risk: 31 of 100"}


def test_M2_high_risk_doubles_canary_dwells_and_people_sign_and_confirm() -> None:
    """Twice 2 h and 4 h, then the floor of 8 h; operations and safety sign; somebody confirms before 25 and 50 %."""
    found = effective_plan(WHOLE, clean=False, risk=at(61))
    assert dwells(found) == [4, 8, 6, 6, 24]
    assert names(found) == [
        "offline", "shadow", "sign-off", "canary", "confirmation at 25", "progressive", "confirmation at 50",
        "progressive from 50",
    ]  # fmt: skip
    signed, first, second = found.stages[2], found.stages[4], found.stages[6]
    assert isinstance(signed, ApprovalStage)
    assert signed.roles == ("ml_lead", "ops_lead", "safety_reviewer")
    assert isinstance(first, ApprovalStage)
    assert isinstance(second, ApprovalStage)
    assert first.roles == second.roles == ("release_manager",)
    assert [step.share for step in found.steps] == [step.share for step in WHOLE.steps]
    told = [one.what for one in found.effect.changes]
    assert told[-3:] == [
        "ops_lead and safety_reviewer must sign too",
        "release_manager must confirm before 25 %",
        "release_manager must confirm before 50 %",
    ]


def test_M2_critical_risk_has_the_executive_and_a_canary_of_7_days() -> None:
    """What the canary lacks is added to its last step."""
    found = effective_plan(WHOLE, clean=False, risk=at(86))
    assert dwells(found) == [4, 7 * 24 - 4, 6, 6, 24]
    signed = found.stages[2]
    assert isinstance(signed, ApprovalStage)
    assert signed.roles == ("ml_lead", "ops_lead", "safety_reviewer", "executive")


def test_M2_a_plan_without_approval_gets_one_before_its_first_traffic() -> None:
    """And a rollout of one piece is split where somebody confirms."""
    steps = tuple(Step(share=share, dwell_s=HOUR) for share in (0.05, 0.3, 0.5, 1.0))
    found = effective_plan(plan(RolloutStage(steps=steps)), clean=False, risk=at(75))
    assert names(found) == [
        "risk sign-off", "rollout", "confirmation at 30", "rollout from 30", "confirmation at 50", "rollout from 50",
    ]  # fmt: skip
    assert [len(found.steps_of(i)) for i in range(6)] == [0, 1, 0, 1, 0, 2]


def test_M2_a_jump_over_both_shares_is_confirmed_once() -> None:
    """From 10 % to all: one confirmation, before all; one that the plan asks for already is enough."""
    steps = (Step(share=0.1, dwell_s=HOUR), Step(share=1.0, dwell_s=HOUR))
    found = effective_plan(plan(RolloutStage(steps=steps)), clean=False, risk=at(61))
    assert names(found) == ["risk sign-off", "rollout", "confirmation at 100", "rollout from 100"]
    asking = ApprovalStage(name="go", roles=("release_manager", "ops_lead"))
    split = plan(SIGN, RolloutStage(name="a", steps=steps[:1]), asking, RolloutStage(name="b", steps=steps[1:]))
    assert names(effective_plan(split, clean=False, risk=at(61))) == ["sign-off", "a", "go", "b"]


def test_M2_suites_of_a_level_run_offline_too() -> None:
    """Those of the levels below as well, each once."""
    rules = RiskRules(
        medium=msgspec.structs.replace(MEDIUM, suites=("bias", "golden")), critical=Demands(suites=("bias", "extended"))
    )
    found = effective_plan(plan(OFFLINE, CANARY, REST, risk=rules), clean=False, risk=at(90))
    offline = found.stages[0]
    assert isinstance(offline, OfflineStage)
    assert offline.suites == ("golden", "bias", "extended")
    assert found.effect.changes[0].what == "also runs bias, extended"


def test_M3_history_saves_first_and_risk_asks_after() -> None:
    """After clean releases 4 h are 3.2 h; at medium risk the floor of 8 h holds all the same, and both are told."""
    quick = plan(CANARY, REST, accelerate=Acceleration(first_dwell_s=HOUR))
    found = effective_plan(quick, clean=True, risk=at(35))
    assert dwells(found) == [1, 8, 6, 6, 24]
    assert [(one.what, one.why) for one in found.effect.changes] == [
        ("at 2 % at least 1 h instead of 2 h", "the 3 releases before were clean"),
        ("at 10 % at least 3.2 h instead of 4 h", "the 3 releases before were clean"),
        ("at 10 % at least 8 h instead of 3.2 h", "medium risk: 35 of 100"),
    ]


def test_M2_without_rules_a_plan_keeps_its_way_at_any_risk() -> None:
    """What it declares is what it does; the risk is on record."""
    bare = msgspec.structs.replace(WHOLE, risk=None)
    found = effective_plan(bare, clean=False, risk=at(90))
    assert found.stages == bare.stages
    assert found.effect.risk == at(90)


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        (RiskRules(canary_up_to=0.0), "plan.risk.canary_up_to"),
        (RiskRules(high=Demands(canary_factor=0.5)), "plan.risk.high.canary_factor"),
        (RiskRules(medium=Demands(shadow_dwell_s=-1.0)), "plan.risk.medium.shadow_dwell_s"),
        (RiskRules(high=Demands(sign=("viewer",))), "plan.risk.high.sign"),
        (RiskRules(high=Demands(sign=("boss",))), "plan.risk.high.sign"),
        (RiskRules(high=Demands(confirm_at=(0.25,))), "plan.risk.high.confirm_by"),
        (RiskRules(high=Demands(confirm_at=(25.0,), confirm_by=("ml_lead",))), "plan.risk.high.confirm_at"),
        (RiskRules(critical=Demands(suites=("extended",))), "plan.risk.critical.suites"),
    ],
)
def test_M2_rules_that_cannot_be_are_refused_with_their_place(rules: RiskRules, where: str) -> None:
    """Suites need an offline stage, confirmations somebody who confirms."""
    with pytest.raises(InvalidInput) as refused:
        plan(CANARY, REST, risk=rules)
    assert refused.value.where == where
    assert refused.value.mend
