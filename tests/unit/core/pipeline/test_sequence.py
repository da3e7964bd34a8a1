"""Sequences of stages: what cannot work is refused where it is wrong, and old plans still read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Guardrail, Plan, Step
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage, Stage

SMALL, HALF, WATCH = Step(share=0.05, dwell_s=60), Step(share=0.5, dwell_s=60), Step(share=1.0, dwell_s=60)
OFFLINE = OfflineStage(name="offline", suites=("golden",))
SHADOW = ShadowStage(name="shadow")
SIGN = ApprovalStage(name="sign-off", roles=("ml_lead", "ops_lead"))
CANARY = RolloutStage(name="canary", steps=(SMALL,))
WIDER = RolloutStage(name="wider", steps=(HALF, WATCH))


def plan(*stages: Stage, **fields: Any) -> Plan:
    return Plan(owner="ada@example.com", stages=stages, **fields)


def test_steps_are_those_of_all_rollouts() -> None:
    """The flat list runs over all rollouts; each step knows its stage and each stage its steps."""
    whole = plan(OFFLINE, SHADOW, SIGN, CANARY, msgspec.structs.replace(SIGN, name="again"), WIDER)
    assert whole.steps == (SMALL, HALF, WATCH)
    assert [list(whole.steps_of(i)) for i in range(6)] == [[], [], [], [0], [], [1, 2]]
    assert [whole.stage_of(step) for step in range(3)] == [3, 5, 5]
    assert (whole.candidate_share(-1), whole.is_watch(-1)) == (0.0, False)


def test_a_plan_of_steps_alone_is_one_rollout() -> None:
    """What is given as steps is the same plan as the stage that holds them."""
    steps = (SMALL, WATCH)
    assert Plan(owner="ada@example.com", steps=steps) == plan(RolloutStage(steps=steps))


def test_a_plan_of_the_format_before_still_reads() -> None:
    """N−1: a release stored before there were stages reads as one rollout, in its stage 0."""
    raw = b'{"owner":"ada","steps":[{"share":0.05,"dwell_s":60.0,"min_units":0},{"share":1.0,"dwell_s":60.0}]}'
    assert msgspec.json.decode(raw, type=Plan) == Plan(owner="ada", steps=(SMALL, WATCH))


def test_a_plan_survives_json() -> None:
    """All kinds of stages come back as they went."""
    whole = plan(OFFLINE, SHADOW, SIGN, CANARY, WIDER)
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Plan) == whole


def test_steps_that_contradict_the_stages_are_refused() -> None:
    """Nobody guesses which of the two was meant."""
    with pytest.raises(InvalidInput, match="not those of the stages"):
        plan(CANARY, WIDER, steps=(SMALL, WATCH))


def changed(stage: Stage, **fields: Any) -> Stage:
    return msgspec.structs.replace(stage, **fields)


@pytest.mark.parametrize(
    ("stages", "where"),
    [
        ((OFFLINE, CANARY), "plan.stages[1].steps"),
        ((CANARY, OFFLINE, WIDER), "plan.stages[1]"),
        ((CANARY, SHADOW, WIDER), "plan.stages[1]"),
        ((CANARY, WIDER, SIGN), "plan.stages[2]"),
        ((OFFLINE, SHADOW), "plan.stages[1]"),
        ((CANARY, changed(WIDER, name="canary")), "plan.stages[1].name"),
        ((changed(OFFLINE, name="Gate!"), WIDER), "plan.stages[0].name"),
        ((changed(OFFLINE, suites=()), WIDER), "plan.stages[0].suites"),
        ((changed(OFFLINE, suites=("a", "a")), WIDER), "plan.stages[0].suites"),
        ((changed(OFFLINE, budget_s=0), WIDER), "plan.stages[0].budget_s"),
        ((changed(SHADOW, share=0), WIDER), "plan.stages[0].share"),
        ((changed(SHADOW, min_units=0), WIDER), "plan.stages[0]"),
        ((changed(SHADOW, dwell_s=0), WIDER), "plan.stages[0].dwell_s"),
        ((changed(SHADOW, dwell_s=20 * 3600), WIDER), "plan.stages[0].budget_s"),
        ((changed(SIGN, roles=()), WIDER), "plan.stages[0].roles"),
        ((changed(SIGN, roles=("ml_lead", "ml_lead")), WIDER), "plan.stages[0].roles"),
        ((changed(SIGN, roles=("boss",)), WIDER), "plan.stages[0].roles"),
        ((changed(SIGN, roles=("viewer",)), WIDER), "plan.stages[0].roles"),
        ((changed(SIGN, sla_s=0), WIDER), "plan.stages[0].sla_s"),
        ((changed(CANARY, steps=()), WIDER), "plan.stages[0].steps"),
        ((changed(CANARY, steps=(HALF,)), SIGN, WIDER), "plan.stages[2].steps[0]"),
        ((CANARY, changed(WIDER, steps=(HALF,))), "plan.stages[1].steps"),
    ],
)
def test_A6_stages_that_cannot_work_are_refused_where_they_are_wrong(stages: tuple[Stage, ...], where: str) -> None:
    """The error names the place and how to mend it."""
    with pytest.raises(InvalidInput) as refused:
        plan(*stages)
    assert refused.value.where == where
    assert refused.value.mend


SHOWN = Step(share=0.5, dwell_s=60, require="non_inferior")


@pytest.mark.parametrize(
    ("steps", "guardrails", "where"),
    [
        ((SHOWN, WATCH), (), "plan.guardrails"),
        ((SHOWN, WATCH), (Guardrail(metric="call.error", role="signal"),), "plan.guardrails"),
        ((SHOWN, WATCH), (Guardrail(metric="call.error", dry_run=True),), "plan.guardrails"),
        ((SHOWN, WATCH), (Guardrail(metric="call.error", max_ratio=1.0),), "plan.guardrails[0].max_ratio"),
        ((SMALL, msgspec.structs.replace(WATCH, require="non_inferior")), (), "plan.stages[0].steps[1].require"),
    ],
)
def test_H5a_what_can_never_be_shown_is_refused(
    steps: tuple[Step, ...], guardrails: tuple[Guardrail, ...], where: str
) -> None:
    """Non-inferiority needs a guardrail with a margin, and a comparison: there is none in the watch."""
    with pytest.raises(InvalidInput) as refused:
        Plan(owner="ada", steps=steps, guardrails=guardrails)
    assert refused.value.where == where


def test_H5a_a_margin_that_can_be_shown_is_accepted() -> None:
    """Signals and dry runs need no margin to be shown."""
    rails = (Guardrail(metric="call.error"), Guardrail(metric="call.refusal", role="signal", max_ratio=1.0))
    assert Plan(owner="ada", steps=(SHOWN, WATCH), guardrails=rails).promoting() == rails[:1]
