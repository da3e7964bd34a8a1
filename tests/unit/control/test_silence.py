"""Whose silence a release is paused for."""

from __future__ import annotations

import pytest

from serinus.control.observe import LEASE_MARGIN_S
from serinus.control.pause_release import pause_release
from serinus.control.resume_release import resume_release
from serinus.core.records.record import Event
from serinus.core.release.table import State
from tests.unit.control.production import HOST, PERSON, PLAN, Production, rate

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


def gone(world: Production) -> None:
    """The host takes itself off, as one does that ends in order."""
    world.traffic = world.shipping = False
    with world.telemetry.tx() as tx:
        tx.drop_host(HOST)


def test_H7_hosts_that_start_again_in_order_pause_nothing() -> None:
    """All of them are off for less than a lease; meanwhile no time counts and no step is taken."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    world.seconds(5)
    before = world.progress()
    gone(world)
    release = world.seconds(int(PLAN.lease_s))
    assert (release.state, release.step) == (State.RUNNING, 0)
    assert world.progress().dwell_ms == before.dwell_ms
    world.traffic = world.shipping = True
    assert world.seconds(10).state is State.RUNNING
    assert "pause" not in world.actions()


def test_H7_a_control_that_starts_before_any_host_pauses_nothing() -> None:
    """`serinus up` starts again: control looks first, and the gateway registers some seconds later."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    world.seconds(5)
    gone(world)
    world.clock.sleep(600)
    world.tick = world.new_tick(takeover_s=0)
    assert world.seconds(int(PLAN.lease_s)).state is State.RUNNING
    world.traffic = world.shipping = True
    assert world.seconds(10).state is State.RUNNING
    assert "pause" not in world.actions()


@pytest.mark.parametrize("restarted", [False, True])
def test_I3_a_fleet_that_is_really_gone_pauses_when_its_lease_has_run_out(restarted: bool) -> None:
    """Whether this control saw it go or not; when it comes again the release goes on by itself."""
    world = Production()
    world.rates = HEALTHY
    world.start()
    world.seconds(5)
    gone(world)
    if restarted:
        world.tick = world.new_tick(takeover_s=0)
    release = world.until(State.PAUSED, within_s=int(PLAN.lease_s + LEASE_MARGIN_S) + 5)
    assert release.reason == "No gateway host reports, so nothing is known of either arm"
    world.traffic = world.shipping = True
    assert world.until(State.RUNNING, within_s=10).hold is None
