"""An app whose releases go well takes its first steps in less time."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.control.start_release import start_release
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.acceleration import Acceleration, accelerated
from serinus.core.pipeline.plan import Step
from serinus.core.records.record import Event
from serinus.core.release.release import Release
from serinus.core.release.table import State
from tests.unit.control.production import PERSON, PLAN, Production, rate

QUICK = msgspec.structs.replace(
    PLAN,
    stages=(),
    steps=(Step(share=0.1, dwell_s=10), Step(share=0.5, dwell_s=5), Step(share=1.0, dwell_s=5)),
    accelerate=Acceleration(clean_releases=2, cut=0.2, up_to=0.1),
)


def release(world: Production, number: int) -> Release:
    """The start of one more release, of a version of its own."""
    version = world.push(f"You are shop number {number}, unlike all the others before you, and {number} times as kind.")
    return start_release(
        world.control, world.clock.now_us(), PERSON, world.ids, f"salt{number}", "shop", version.name, "next"
    )


def dwells(found: Release) -> list[float]:
    return [step.dwell_s for step in found.plan.steps]


def test_H3_after_clean_releases_the_first_steps_are_shorter() -> None:
    """Two that were promoted: the third stays 8 s instead of 10 at 10 %, and as long as ever further up."""
    world = Production(QUICK)
    world.rates = {Event.ERROR: rate(0.01, 0.01)}
    for number in (1, 2):
        assert dwells(release(world, number)) == [10, 5, 5]
        world.until(State.PROMOTED)
    third = release(world, 3)
    assert dwells(third) == [8, 5, 5]
    assert third.plan.stages[0].steps[0].dwell_s == 8  # type: ignore[union-attr]


def test_H3_after_clean_releases_the_first_step_has_a_dwell_of_its_own() -> None:
    """`first_dwell`: canary 1 takes 3 s of 10, the next early step is 20 % shorter; a shorter one stays."""
    steps = (Step(share=0.02, dwell_s=10), Step(share=0.1, dwell_s=10), Step(share=0.5, dwell_s=5))
    plan = msgspec.structs.replace(QUICK, stages=(), steps=(*steps, Step(share=1.0, dwell_s=5)))
    found = accelerated(plan.stages, Acceleration(first_dwell_s=3.0))
    assert [step.dwell_s for step in found[0].steps] == [3, 8, 5, 5]  # type: ignore[union-attr]
    found = accelerated(plan.stages, Acceleration(first_dwell_s=30.0))
    assert found[0].steps[0].dwell_s == 10  # type: ignore[union-attr]


def test_H3_a_release_that_did_not_end_well_begins_the_count_anew() -> None:
    """One that was aborted among the last ones: nothing is shorter."""
    world = Production(QUICK)
    world.rates = {Event.ERROR: rate(0.01, 0.01)}
    for number in (1, 2):
        release(world, number)
        world.until(State.PROMOTED)
    found = release(world, 3)
    abort_release(world.control, world.clock.now_us(), PERSON, found.id, "")
    world.until(State.ABORTED)
    assert dwells(release(world, 4)) == [10, 5, 5]


@pytest.mark.parametrize(
    ("found", "where"),
    [
        (Acceleration(clean_releases=0), "plan.accelerate.clean_releases"),
        (Acceleration(cut=0.9), "plan.accelerate.cut"),
        (Acceleration(up_to=0.0), "plan.accelerate.up_to"),
    ],
)
def test_an_acceleration_that_cannot_be_is_refused(found: Acceleration, where: str) -> None:
    """Named with its place."""
    with pytest.raises(InvalidInput) as refused:
        msgspec.structs.replace(QUICK, accelerate=found)
    assert refused.value.where == where
