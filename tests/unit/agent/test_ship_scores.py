"""What users say reaches sums and rollups once, however often and wherever it was sent."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from serinus.core.records.record import Event, Score
from tests.fake_workers import RELEASE, FakeWorker, ManualClock, begin, end, raw_call
from tests.unit.agent.world import RELEASE_ID, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def _down(call: bytes, clock: ManualClock, key: str = "k") -> Score:
    return Score(call, clock.now_us(), "feedback.thumbs_down", 1_000_000, "feedback", key, "support-bot")


def _call(world: World, worker: FakeWorker, number: int, arm: int = 1) -> bytes:
    call = raw_call(number, arm=arm)
    worker.write(begin(call, world.clock), end(call, world.clock))
    return call


def test_O2_thumbs_down_is_an_event_of_its_unit_and_its_request(world: World) -> None:
    """Both arms' sums and rollups have it under the call's release and arm; requests stay the calls'."""
    worker = world.worker()
    candidate, control = _call(world, worker, 1, arm=1), _call(world, worker, 2, arm=2)
    world.round()
    world.clock.advance(90)
    worker.write(_down(candidate, world.clock), _down(control, world.clock))
    world.round()
    assert world.sums()["feedback.thumbs_down", 0, 1] == world.sums()["feedback.thumbs_down", 0, 2] == 1
    assert world.requests() == world.requests(60) == 2
    assert world.events() == world.events(60) == {Event.THUMBS_DOWN: 2}
    with world.store.tx() as tx:
        buckets = tx.rollups(RELEASE_ID, 60, 0, 2**60)
    assert sum(bucket.events.get(Event.THUMBS_DOWN, 0) for bucket in buckets if bucket.arm == 1) == 1


def test_O2_the_same_feedback_through_two_workers_counts_once(world: World) -> None:
    """A retry that another worker took, an agent's restart and a second opinion of one user change no total."""
    first, second = world.worker(1), world.worker(2)
    call = _call(world, first, 1)
    first.write(_down(call, world.clock))
    world.round()
    world.start_agent()
    second.write(_down(call, world.clock), _down(call, world.clock, key="again"))
    world.round()
    world.round()
    assert world.sums() == {("enrolled", 0, 1): 1, ("feedback.thumbs_down", 0, 1): 1}
    assert world.events() == {Event.THUMBS_DOWN: 1}


def test_O2_feedback_that_comes_before_its_call_changes_nothing_else(world: World) -> None:
    """Another host may ship the feedback first: the unit is enrolled once, in the call's arm."""
    first, second = world.worker(1), world.worker(2)
    call = raw_call(1, arm=2)
    second.write(_down(call, world.clock))
    world.round()
    first.write(begin(call, world.clock), end(call, world.clock))
    world.round()
    assert world.sums() == {("enrolled", 0, 2): 1, ("feedback.thumbs_down", 0, 2): 1}


def test_O2_feedback_outside_a_comparison_is_in_the_rollups_alone(world: World) -> None:
    """Nobody is enrolled by what is said of a call at rest."""
    worker = world.worker()
    call = raw_call(1, arm=0, stratum=-1)
    worker.write(_down(call, world.clock))
    world.round()
    assert world.sums() == {}
    assert world.events() == {Event.THUMBS_DOWN: 1}
    assert RELEASE in call


def test_H4_a_suspicion_reaches_the_control_plane_once_and_its_words_stay_in_the_log(world: World) -> None:
    """Who raised it, of which release, call and arm, under which category; what the caller wrote goes along nowhere."""
    first, second = world.worker(1), world.worker(2)
    call = _call(world, first, 1)
    told = ("feedback.suspected_violation", 1_000_000, "guard-2", "k", "support-bot", 0, "dosage")
    words = Score(call, world.clock.now_us(), "feedback.text", 0, "feedback", "k", "support-bot", 0, "Ada, 5 mg")
    first.write(Score(call, world.clock.now_us(), *told), words)
    world.round()
    world.start_agent()
    second.write(Score(call, world.clock.now_us(), *told))
    world.round()
    with world.store.tx() as tx:
        (found,) = tx.suspected(9)
    assert (found.release, found.arm, found.by, found.category) == (RELEASE_ID, 1, "guard-2", "dosage")
    assert "Ada" not in repr(found)
    assert world.events() == {}


def test_O2_each_score_is_logged_once_per_shipping_and_named_for_its_reader(world: World) -> None:
    """The log has text and value; what was sent twice has one name."""
    worker = world.worker()
    call = _call(world, worker, 1)
    said = Score(call, world.clock.now_us(), "feedback.text", 0, "feedback", "k", "support-bot", 0, "no\n'\"\0")
    worker.write(said, _down(call, world.clock), said)
    world.round()
    world.clock.advance(3)
    world.round()
    found = world.log.scores([world.logged()[0].call], [])
    assert [(score.metric, score.text) for score in found] == [
        ("feedback.text", "no\n'\"\0"),
        ("feedback.thumbs_down", ""),
    ]
    assert msgspec.structs.replace(found[0], text="").value_micro == 0
