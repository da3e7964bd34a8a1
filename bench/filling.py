"""Fill stores with many releases that have calls behind them: the first release's rows by the adapters, all others'
as copies of them within the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Column, Engine, MetaData, Table, Text, insert, select, true

from bench.past import PLACES, Past, bucket_sums, enrolments, rollups, sums
from serinus.adapters import schema_telemetry as schema
from serinus.adapters.sql_engine import begun, postgres_engine, postgres_url, sqlite_engine
from serinus.adapters.stores import SQLITE
from serinus.core.fleet import HostStatus, InFlight, WorkerStatus
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.records.sums import SumKey
from serinus.core.records.unit_measures import UnitKey
from serinus.core.release.release import Release
from serinus.core.release.yardstick import measures
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

PROJECT = "default"
HOST = "host-1"
TABLES = (schema.enrolments, schema.sums, schema.unit_sums, schema.rollups)
"""All that a host agent adds up of calls."""
AT_ONCE = 50_000


def telemetry_engine(url: str) -> Engine:
    """An engine of the bench's own on the telemetry store at `url`."""
    if url.startswith(SQLITE):
        return sqlite_engine(Path(url.removeprefix(SQLITE)) / "telemetry.db", synchronous="NORMAL")
    return postgres_engine(postgres_url(url))


def fill(engine: Engine, telemetry: TelemetryStore, releases: Sequence[Release], past: Past) -> None:
    """The telemetry of releases of one plan, each with this past."""
    first = releases[0]
    wanted = measures(first.plan, first.yardsticks)
    with telemetry.tx() as tx:
        tx.add_sums(sums(past, first.id, wanted))
        tx.add_unit_sums(bucket_sums(past, first.id, wanted))
        tx.add_rollups(rollups(past, HOST, first.app, first.id))
    with begun(engine) as connection:
        rows: list[dict[str, object]] = []
        for one in enrolments(past, first.id, wanted):
            rows.append({"project_id": PROJECT, **msgspec.structs.asdict(one), "arm": int(one.arm)})
            if len(rows) == AT_ONCE:
                connection.execute(insert(schema.enrolments), rows)
                rows = []
        if rows:
            connection.execute(insert(schema.enrolments), rows)
    if len(releases) > 1:
        _copy(engine, first, releases[1:])


def _copy(engine: Engine, first: Release, others: Sequence[Release]) -> None:
    """Within the database, in the order of keys, so that rows are appended where they can be."""
    copies = Table("copied_to", MetaData(), Column("to_release", Text), Column("to_app", Text), prefixes=["TEMPORARY"])
    own = {"release": copies.c.to_release, "app": copies.c.to_app}
    with begun(engine) as connection:
        copies.create(connection)
        connection.execute(insert(copies), [{"to_release": one.id, "to_app": one.app} for one in others])
        for table in TABLES:
            names = [column.name for column in table.columns]
            rows = select(*(own.get(name, table.c[name]) for name in names)).select_from(table.join(copies, true()))
            rows = rows.where(table.c.project_id == PROJECT, table.c.release == first.id)
            rows = rows.order_by(*(own.get(column.name, column) for column in table.primary_key))
            connection.execute(insert(table).from_select(names, rows))
        copies.drop(connection)


def insert_releases(control: ControlStore, releases: Sequence[Release]) -> None:
    """Each with its app."""
    with control.tx() as tx:
        for release in releases:
            tx.put_app(AppState(config=AppConfig(name=release.app, plan=release.plan), live=release.control))
            tx.insert_release(release)


class Inflow:
    """What comes in between two rounds: in each place of each release `units` new users call once, a second of it."""

    def __init__(self, telemetry: TelemetryStore, releases: Sequence[Release], units: int, first: int) -> None:
        self._telemetry = telemetry
        self._releases = releases
        self._units = units
        self._next = first

    def come_in(self, now_us: int) -> None:
        """The newest whole second."""
        past = Past(self._units, 1, 1, now_us // 1_000_000, self._next)
        self._next += self._units
        first = self._releases[0]
        wanted = measures(first.plan, first.yardsticks)
        added, buckets = sums(past, "", wanted), bucket_sums(past, "", wanted)
        rolled = rollups(past, HOST, "", "")
        with self._telemetry.tx() as tx:
            tx.add_sums([(_key(key, one), value) for one in self._releases for key, value in added])
            tx.add_unit_sums({_unit_key(key, one): value for one in self._releases for key, value in buckets.items()})
            tx.add_rollups(
                [msgspec.structs.replace(r, app=one.app, release=one.id) for one in self._releases for r in rolled]
            )

    def report(self, beat: int, now_us: int) -> None:
        """The host's report: everything is shipped, and a call is open in each place of each release."""
        worker = WorkerStatus(instance="w1", pid=1, acked=1, leased=True, dropped=0)
        flying = tuple(
            InFlight(app=one.app, release=one.id, stratum=stratum, arm=int(arm), count=1, oldest_ms=300)
            for one in self._releases
            for stratum, arm in PLACES
        )
        status = HostStatus(host=HOST, beat=beat, shipped_until_us=now_us, workers=(worker,), in_flight=flying)
        with self._telemetry.tx() as tx:
            tx.put_host(status)


def _key(key: SumKey, release: Release) -> SumKey:
    return SumKey(release.id, key.stratum, key.metric, key.arm)


def _unit_key(key: UnitKey, release: Release) -> UnitKey:
    return UnitKey(release.id, key.stratum, key.metric, key.arm, key.bucket)
