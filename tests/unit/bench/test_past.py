"""A store that the bench fills holds what calls would have left in it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from sqlalchemy import select

from bench.filling import HOST, TABLES, Inflow, fill, telemetry_engine
from bench.past import PLACES, Past, calls_of, end_of
from bench.tick import release
from serinus.adapters.clock import system_random
from serinus.adapters.host_dir import HostDir
from serinus.adapters.memory_log import MemoryLog
from serinus.adapters.stores import open_stores
from serinus.agent.ship import Shipper, ShipSettings
from serinus.core.records.record import Begin
from serinus.core.release.release import Release
from serinus.core.release.yardstick import measures
from serinus.ports.telemetry_store import TelemetryStore
from tests.fake_workers import OVERDUE_MS, START_US, VERSION, FakeWorker, ManualClock, raw_call
from tests.unit.agent.world import RELEASE_ID

PAST = Past(units=120, turns=3, seconds=70, until_s=START_US // 1_000_000)
"""Beyond one hundred kinds of users, and over a minute's end."""
Rows = dict[str, list[tuple[object, ...]]]


def _store(folder: Path) -> tuple[str, TelemetryStore]:
    url = f"sqlite:///{folder}"
    control, telemetry = open_stores(url, now_us=lambda: START_US, random_bytes=system_random)
    control.close()
    return url, telemetry


def _release(id: str, app: str) -> Release:
    return msgspec.structs.replace(release(0, START_US), id=id, app=app)


_LEFT_OUT = ("release", "app", "event_parts")


def _rows(url: str, release_id: str) -> Rows:
    """All rows of a release, but for its name and its app's, and which part of users events come from: a round reads
    that of the live version's own past, which these releases have none of."""
    engine = telemetry_engine(url)
    with engine.connect() as connection:
        found = {}
        for table in TABLES:
            columns = [column for column in table.columns if column.name not in _LEFT_OUT]
            rows = connection.execute(select(*columns).where(table.c.release == release_id)).all()
            found[table.name] = sorted(tuple(map(_plain, row)) for row in rows)
    engine.dispose()
    return found


def _plain(value: object) -> object:
    """Counts by event without their order, which is that of arrival."""
    return sorted(json.loads(value).items()) if isinstance(value, str) and value.startswith("{") else value


def _ship(folder: Path, telemetry: TelemetryStore, past: Past, made: Release) -> None:
    """What a host agent does with the records of these calls."""
    clock = ManualClock()
    worker = FakeWorker(folder, 1, clock)
    wanted = {made.id: measures(made.plan, made.yardsticks)}
    host = HostDir(folder, clock.now_us)
    shipper = Shipper(HOST, host, telemetry, MemoryLog(), clock, ShipSettings(), measures=lambda: wanted)
    number = 0
    for place, (stratum, arm) in enumerate(PLACES):
        for user, turn, second in calls_of(past):
            number += 1
            call = raw_call(number, unit=place << 32 | user, arm=int(arm), stratum=stratum)
            end = end_of(call, user, turn, second, made.app)
            worker.write(Begin(call, end.at_us, end.mono_ns, made.app, VERSION, 1, OVERDUE_MS), end)
        while not shipper.round().complete:
            pass
    worker.die()


def test_a_filled_store_is_one_that_an_agent_has_filled(tmp_path: Path) -> None:
    """Row by row: enrolled users, sums, sums over users, and rollups of seconds and minutes."""
    made = _release(RELEASE_ID, "support-bot")
    real, shipped = _store(tmp_path / "real")
    _ship(tmp_path / "host", shipped, PAST, made)
    quick, filled = _store(tmp_path / "quick")
    engine = telemetry_engine(quick)
    fill(engine, filled, [made, _release("rel_2", "other")], PAST)
    engine.dispose()
    expected, found = _rows(real, RELEASE_ID), _rows(quick, RELEASE_ID)
    assert len(expected["enrolled_unit"]) == PAST.units * len(PLACES)
    assert sum(len(rows) for rows in expected.values()) > 2_000
    assert found == expected
    assert _rows(quick, "rel_2") == expected
    for store in (shipped, filled):
        store.close()


def test_what_comes_in_between_rounds_is_what_an_agent_adds(tmp_path: Path) -> None:
    """New users who call once, in every release; only who is enrolled is not noted, which no round reads."""
    made = _release(RELEASE_ID, "support-bot")
    past = Past(5, 1, 1, START_US // 1_000_000, first=40)
    real, shipped = _store(tmp_path / "real")
    _ship(tmp_path / "host", shipped, past, made)
    quick, filled = _store(tmp_path / "quick")
    Inflow(filled, [made, _release("rel_2", "other")], past.units, past.first).come_in(START_US)
    expected = {name: rows for name, rows in _rows(real, RELEASE_ID).items() if name != "enrolled_unit"}
    for release_id in (RELEASE_ID, "rel_2"):
        found = _rows(quick, release_id)
        assert not found.pop("enrolled_unit")
        assert found == expected
    for store in (shipped, filled):
        store.close()
