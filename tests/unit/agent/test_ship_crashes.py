"""Exactly once, whatever moment the agent is killed at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serinus.adapters import parquet_table
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.memory_log import MemoryLog
from serinus.agent.ship import ShipSettings
from serinus.core.records.record import Event, Pair, Score
from serinus.core.routing.assignment import Arm
from serinus.ports.event_log import CallQuery, EventLog
from tests.fake_workers import begin, end, first, raw_call
from tests.unit.agent.crashing import Crash, Crashing, CrashingDirectory, CrashingStore, CrashPoints
from tests.unit.agent.world import World

SETTINGS = ShipSettings(batch_bytes=20_000, flush_s=1.0)


def _scenario(world: World, attempt: Callable[[], None]) -> None:
    """Two workers: errors, a hung call, a slow stream over three segments, a torn tail, a death, stepped clocks; thumbs
    down for every sixth call, sent twice; and pairs of four units, three each."""
    steady, doomed = world.worker(1), world.worker(2)
    hung, slow, lost = raw_call(900), raw_call(901, arm=2), raw_call(902)
    steady.write(begin(hung, world.clock), begin(slow, world.clock), first(slow, world.clock))
    doomed.write(begin(lost, world.clock))
    for number in range(24):
        worker = doomed if number % 3 == 0 else steady
        call = raw_call(number, unit=number // 2, arm=1 + number // 2 % 2)
        worker.write(begin(call, world.clock), end(call, world.clock, Event.ERROR if number % 4 == 0 else 0))
        if number % 6 == 0:
            down = Score(call, world.clock.now_us(), "feedback.thumbs_down", 1_000_000, "feedback", "k", "support-bot")
            steady.write(down)
            doomed.write(down)
        if number % 2:
            copy = raw_call(1000 + number, unit=number // 2 % 4, arm=Arm.SHADOW, stratum=-1)
            worker.write(Pair(copy, call, world.clock.now_us(), "support-bot", True, Event.ERROR, 0))
        if number in (9, 18):
            steady.fill_segment()
        if number == 15:
            doomed.tear(begin(raw_call(903), world.clock))
            doomed.die()
            doomed = steady
        if number % 3 == 0:
            world.clock.advance(2.5)
            attempt()
    world.clock.wall_us += 3_600_000_000
    world.clock.advance(31)
    attempt()
    world.clock.wall_us -= 7_200_000_000
    steady.write(end(slow, world.clock), end(hung, world.clock))
    for _ in range(4):
        world.clock.advance(3)
        attempt()
    steady.die()
    for _ in range(6):
        attempt()


def _totals(world: World, log: EventLog) -> tuple[Any, ...]:
    rows = log.calls(CallQuery())
    return (
        world.sums(),
        world.requests(),
        world.requests(60),
        world.events(),
        world.events(60),
        sorted((row.call, row.finished) for row in rows),
        sorted(score.call for score in log.scores([row.call for row in rows], [])),
        sorted(path.name for path in (world.root / "spool").iterdir()),
    )


def _run(root: Path, log: EventLog, crash_at: int) -> tuple[tuple[Any, ...], int]:
    """The totals of a run in which the agent was killed once at this place, and how many places there are."""
    points = CrashPoints()
    world = World(root, Crashing(log, points), SETTINGS)
    store = world.store
    world.store = CrashingStore(store, points)
    world.host = Crashing(CrashingDirectory(root, world.clock, points), points)
    points.crash_at = crash_at
    world.start_agent()

    def attempt() -> None:
        try:
            world.round()
        except Crash:
            world.start_agent()
            world.round()

    _scenario(world, attempt)
    world.store = store
    return _totals(world, log), points.passed


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Any, ...], int]:
    return _run(tmp_path_factory.mktemp("truth"), MemoryLog(), 0)


def test_the_undisturbed_run_counts_what_was_written(truth: tuple[tuple[Any, ...], int]) -> None:
    """The reference itself, against numbers that follow from the script."""
    sums, requests, requests_60, events, events_60, rows, scores, spools = truth[0]
    assert requests == requests_60 == 26
    assert events == events_60 == {Event.ERROR: 6, Event.OVERDUE: 1, Event.THUMBS_DOWN: 4}
    enrolled = {arm: sums["enrolled", 0, arm] for arm in (1, 2)}
    assert enrolled == {1: 6 + 2, 2: 6 + 1}, "12 units in two arms, the hung and the lost call, and the slow one"
    assert sums["call.error", 0, 1] + sums.get(("call.error", 0, 2), 0) == 6
    assert sums["call.overdue", 0, 1] == 1
    assert sums["feedback.thumbs_down", 0, 1] + sums.get(("feedback.thumbs_down", 0, 2), 0) == 4
    assert sums["pairs", -2, Arm.SHADOW] == sums["call.error", -2, Arm.CANDIDATE] == 4
    assert len(scores) == len(set(scores)) == 4
    assert [finished for _, finished in rows].count(False) == 1
    assert len(rows) == len(set(rows)) == 27
    assert spools == []


def test_killed_at_any_port_call_totals_stay_exact(tmp_path: Path, truth: tuple[tuple[Any, ...], int]) -> None:
    """At every place before and behind every call of store, host and log, a kill and restart changes no total."""
    expected, places = truth
    assert places > 300
    for crash_at in range(1, places + 1):
        found, _ = _run(tmp_path / str(crash_at), MemoryLog(), crash_at)
        assert found == expected, f"killed at place {crash_at} of {places}"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 5])
def test_killed_around_a_rename_of_the_event_log(
    tmp_path: Path, truth: tuple[tuple[Any, ...], int], monkeypatch: pytest.MonkeyPatch, moment: str, nth: int
) -> None:
    """A Parquet file is there as a whole or not at all; a restart writes what is missing and nothing twice."""
    publish, published = parquet_table.publish, 0

    def crashing(temporary: Path, final: Path) -> None:
        nonlocal published
        published += 1
        if published == nth and moment == "before":
            raise Crash
        publish(temporary, final)
        if published == nth:
            raise Crash

    monkeypatch.setattr(parquet_table, "publish", crashing)
    segments = tmp_path / "segments"
    world = World(tmp_path / "host", ParquetLog(segments), SETTINGS)

    def attempt() -> None:
        try:
            world.round()
        except Crash:
            world.log = ParquetLog(segments)
            world.start_agent()
            world.round()

    _scenario(world, attempt)
    assert published >= nth
    assert _totals(world, world.log) == truth[0]
