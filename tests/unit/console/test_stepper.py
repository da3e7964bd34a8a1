"""The way of a release as marks."""

from __future__ import annotations

import msgspec
import pytest

from serinus.console.stepper import stepper
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.pipeline.population import Population
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.core.routing.predicate import Condition

PLAN = Plan(
    owner="ada@example.com",
    stages=(
        OfflineStage(name="suites", suites=("golden", "refunds")),
        ShadowStage(name="shadow", share=0.25),
        ApprovalStage(name="leads", roles=("ml_lead",)),
        RolloutStage(
            steps=(Step(share=0.05, dwell_s=100, min_units=50, require="non_inferior"), Step(share=1.0, dwell_s=60))
        ),
    ),
    guardrails=(Guardrail(metric="call.error"),),
    limits=(Limit(metric="call.error", above=0.98),),
)
RELEASE = Release(
    id="rel_1", app="bot", seq=1, state=State.RUNNING, candidate="c", control="l", salt="s", plan=PLAN,
    created_at_us=1, created_by="eve",
)  # fmt: skip


def places(**changes: object) -> list[str]:
    release = msgspec.structs.replace(RELEASE, **changes)
    marks = stepper(release, Progress(release="rel_1", step=release.step, dwell_ms=25_000))
    return [mark.place for mark in marks] + [step.place for mark in marks for step in mark.steps]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stage": 0}, ["now", "ahead", "ahead", "ahead", "ahead", "ahead"]),
        ({"stage": 2, "state": State.PAUSED}, ["done", "done", "held", "ahead", "ahead", "ahead"]),
        ({"stage": 3, "step": 0}, ["done", "done", "done", "now", "now", "ahead"]),
        ({"stage": 3, "step": 1, "state": State.WATCHING}, ["done", "done", "done", "now", "done", "now"]),
        ({"stage": 3, "step": 0, "state": State.ROLLED_BACK}, ["done", "done", "done", "stopped", "stopped", "ahead"]),
        ({"stage": 1, "state": State.REJECTED}, ["done", "stopped", "ahead", "ahead", "ahead", "ahead"]),
        ({"stage": 3, "step": 1, "state": State.PROMOTED}, ["done"] * 6),
    ],
)
def test_marks_say_what_is_done_where_it_is_and_what_is_to_come(
    changes: dict[str, object], expected: list[str]
) -> None:
    """Stages first, then the steps of the rollout."""
    assert places(**changes) == expected


def test_a_step_shows_how_much_of_its_dwell_is_served_and_what_it_asks() -> None:
    """A quarter after 25 of 100 seconds; in words what else must hold."""
    release = msgspec.structs.replace(RELEASE, stage=3, step=0)
    marks = stepper(release, Progress(release="rel_1", step=0, dwell_ms=25_000))
    step = marks[3].steps[0]
    assert (step.share, step.served) == ("5 %", 0.25)
    assert step.asks == "at least 100 s in health, 50 units per arm and shown to be no worse"
    assert [mark.detail for mark in marks[:3]] == [
        "suites golden and refunds", "25 % mirrored, 500 units, at least 12 h", "signature of ML lead",
    ]  # fmt: skip


def test_A1_a_step_says_whom_it_means() -> None:
    """By the population's name, with the lists of who opted in; nothing where it means everyone."""
    staff = Population(when=Condition(name="staff", values=(True,)), name="internal")
    steps = (Step(share=0.05, dwell_s=100, population=staff, opted_in=("beta",)), Step(share=1.0, dwell_s=60))
    plan = msgspec.structs.replace(PLAN, steps=(), stages=(RolloutStage(steps=steps),))
    (mark,) = stepper(msgspec.structs.replace(RELEASE, plan=plan), None)
    assert [step.among for step in mark.steps] == ["internal and opted in: beta", ""]
