"""Pairs of mirrored requests reach the sums once per unit, and no arm's."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from serinus.core.records.pairs import Side, pair_of
from serinus.core.records.record import Event, Pair
from serinus.core.routing.assignment import Arm
from tests.fake_workers import OVERDUE_MS, FakeWorker, begin, end, raw_call
from tests.unit.agent.world import RELEASE_ID, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def _mirrored(world: World, worker: FakeWorker, number: int, unit: int, events: int = 0) -> None:
    """A user's call outside the comparison, its copy, and the pair of both, as a worker records them."""
    primary = raw_call(number, unit=unit, arm=Arm.REST, stratum=-1)
    copy = raw_call(number + 1_000_000, unit=unit, arm=Arm.SHADOW, stratum=-1)
    ends = end(primary, world.clock), end(copy, world.clock, events)
    pair = pair_of(
        Side(end=ends[0], chars=5), Side(end=ends[1], chars=5), at_us=1, first_turn=True, overdue_ms=OVERDUE_MS
    )
    assert isinstance(pair, Pair)
    worker.write(begin(primary, world.clock), begin(copy, world.clock), *ends, pair)


def test_E3_the_first_pair_of_a_unit_counts_whoever_saw_it(world: World) -> None:
    """Two pairs of one unit in one batch, one of another worker, one after a restart of the agent: one counts."""
    one, two = world.worker(1), world.worker(2)
    _mirrored(world, one, 1, unit=7, events=Event.ERROR)
    _mirrored(world, one, 2, unit=7)
    world.round()
    _mirrored(world, two, 3, unit=7)
    world.round()
    world.start_agent()
    _mirrored(world, one, 4, unit=7, events=Event.ERROR)
    _mirrored(world, two, 5, unit=8)
    world.round()
    sums = world.sums()
    assert sums["pairs", -2, Arm.SHADOW] == 2
    assert sums["call.error", -2, Arm.CANDIDATE] == 1


def test_E1_a_copy_enrols_nobody_and_is_in_no_arm(world: World) -> None:
    """Its errors stand in the rollups and the log of the arm `shadow`; sums outside stratum −2 do not know of it."""
    worker = world.worker()
    _mirrored(world, worker, 1, unit=7, events=Event.ERROR)
    open_copy = raw_call(2_000_000, unit=9, arm=Arm.SHADOW, stratum=-1)
    worker.write(begin(open_copy, world.clock))
    world.round()
    world.clock.advance(OVERDUE_MS / 1000 + 3)
    world.round()
    world.round()
    assert {stratum for _, stratum, _ in world.sums()} == {-2}
    with world.store.tx() as tx:
        counted = {(r.arm, r.requests, tuple(r.events)) for r in tx.rollups(RELEASE_ID, 60, 0, 2**60) if r.requests}
    assert counted == {(Arm.REST, 1, ()), (Arm.SHADOW, 1, (Event.ERROR, Event.OVERDUE))}
    assert sorted(row.arm for row in world.logged()) == ["rest", "shadow"]
    assert {(flight.arm, flight.count) for flight in world.report().in_flight} == {(Arm.SHADOW, 1)}


def test_a_pair_that_was_shipped_is_not_counted_again_by_another_agent(world: World) -> None:
    """The offset and the unit's pair are of one transaction: a replayed segment changes nothing."""
    worker = world.worker()
    _mirrored(world, worker, 1, unit=7)
    world.round()
    before = world.sums()
    world.start_agent()
    world.round()
    assert world.sums() == before
    assert msgspec.structs.asdict(world.report())["shipped_until_us"] > 0
