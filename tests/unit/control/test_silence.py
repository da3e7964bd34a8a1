"""Whose silence a release is paused for."""

from __future__ import annotations

from serinus.control.pause_release import pause_release
from serinus.control.resume_release import resume_release
from serinus.core.records.record import Event
from serinus.core.release.table import State
from tests.unit.control.production import PERSON, PLAN, Production, rate

HEALTHY = {Event.INVALID_FORMAT: rate(0.05, 0.05), Event.ERROR: rate(0.01, 0.01)}


def test_a_resumed_release_is_not_blamed_for_the_silence_of_its_pause() -> None:
    """Nobody called while a person held the release; after the resume the arms have their whole freshness to answer."""
    world = Production()
    world.rates = HEALTHY
    release = world.start()
    world.seconds(5)
    pause_release(world.control, world.clock.now_us(), PERSON, release.id, "lunch")
    world.traffic = False
    world.seconds(60)
    resume_release(world.control, world.clock.now_us(), PERSON, release.id, "back")
    assert world.seconds(int(PLAN.freshness_s)).state is State.RUNNING
    assert world.seconds(3).state is State.PAUSED
