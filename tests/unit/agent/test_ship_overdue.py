"""Calls that give no answer in time are overdue once, and no others are."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.core.records.record import Dropped, Event
from tests.fake_workers import begin, end, first, raw_call
from tests.unit.agent.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_call_without_an_answer_becomes_overdue_once(world: World) -> None:
    """A hung call counts as overdue when its limit has passed, once, also over a restart and when it ends later."""
    worker = world.worker()
    call = raw_call(1)
    worker.write(begin(call, world.clock))
    world.round()
    assert world.report().in_flight[0].count == 1
    world.clock.advance(29.9)
    world.round()
    assert ("call.overdue", 0, 1) not in world.sums()
    world.clock.advance(0.2)
    world.round()
    world.round()
    world.start_agent()
    world.clock.advance(60)
    world.round()
    assert world.report().in_flight[0].oldest_ms == 90_100
    worker.write(end(call, world.clock))
    world.round()
    world.clock.advance(1)
    world.round()
    assert world.sums()["call.overdue", 0, 1] == 1
    assert world.events() == {Event.OVERDUE: 1}
    assert world.report().in_flight == ()


def test_a_late_answer_is_overdue_although_nobody_watched(world: World) -> None:
    """An agent that was down while a call hung finds by the records alone that its answer came too late."""
    worker = world.worker()
    late, slow = raw_call(1), raw_call(2)
    worker.write(begin(late, world.clock), begin(slow, world.clock))
    world.clock.advance(10)
    worker.write(first(slow, world.clock))
    world.clock.advance(50)
    worker.write(end(late, world.clock), end(slow, world.clock))
    world.round()
    assert world.events() == {Event.OVERDUE: 1}
    assert world.sums()["call.overdue", 0, 1] == 1


def test_a_stream_that_began_in_time_is_never_overdue_also_after_a_restart(world: World) -> None:
    """The first byte settles it, however long the stream lasts."""
    worker = world.worker()
    call = raw_call(1)
    worker.write(begin(call, world.clock), first(call, world.clock))
    world.round()
    world.start_agent()
    world.clock.advance(3600)
    world.round()
    assert world.events() == {}


def test_the_first_byte_is_remembered_while_its_stream_lasts(world: World) -> None:
    """The segment with the first byte of an open stream is kept, so that a restart does not take it for hung."""
    worker = world.worker()
    call = raw_call(1)
    worker.write(begin(call, world.clock))
    worker.fill_segment()
    worker.write(first(call, world.clock))
    worker.fill_segment()
    world.round()
    assert world.segments(worker) == [0, 1, 2]
    world.start_agent()
    world.clock.advance(60)
    world.round()
    assert world.events() == {}


def test_calls_that_hang_one_after_the_other_are_all_found(world: World) -> None:
    """The clock's judgement goes on from where it was."""
    worker = world.worker()
    for number in range(3):
        worker.write(begin(raw_call(number), world.clock))
        world.clock.advance(20)
        world.round()
    world.clock.advance(20)
    world.round()
    assert world.events() == {Event.OVERDUE: 3}


@pytest.mark.parametrize("restart", [False, True])
def test_a_full_spool_makes_no_call_overdue(world: World, restart: bool) -> None:
    """While a worker has dropped more than its spool tells of, and for calls open when it tells, silence proves
    nothing; calls begun afterwards are judged again, also by a restarted agent."""
    worker = world.worker()
    worker.write(begin(raw_call(1), world.clock))
    world.round()
    worker.report(acked=1, dropped=2)
    world.clock.advance(40)
    world.round()
    assert world.events() == {}
    worker.write(Dropped(world.clock.now_us(), 2), begin(raw_call(2), world.clock))
    world.clock.advance(40)
    world.round()
    if restart:
        world.start_agent()
    world.clock.advance(1)
    world.round()
    assert world.events() == {Event.OVERDUE: 1}
    assert world.report().in_flight[0].count == 2


def test_a_stepped_wall_clock_makes_nothing_overdue(world: World) -> None:
    """Ages are on the monotonic clock: an hour forward or back changes no judgement, only stamps."""
    worker = world.worker()
    worker.write(begin(raw_call(1), world.clock))
    for step_s in (3600, -7200):
        world.clock.wall_us += step_s * 1_000_000
        world.clock.advance(1.5)
        world.round()
        assert world.report().shipped_until_us == world.clock.wall_us
    assert world.events() == {}
    assert world.report().in_flight[0].oldest_ms == 3000
