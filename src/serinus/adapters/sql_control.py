"""The control store in SQL: SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select, update

from serinus.adapters import refusals
from serinus.adapters.schema import leaders, snapshots
from serinus.adapters.sql_answers import SqlAnswers
from serinus.adapters.sql_approvals import SqlApprovals
from serinus.adapters.sql_apps import SqlApps
from serinus.adapters.sql_changes import Changes
from serinus.adapters.sql_datasets import SqlDataSets
from serinus.adapters.sql_docket import SqlDocket
from serinus.adapters.sql_engine import READ_ONLY, begun
from serinus.adapters.sql_erasures import SqlErasures
from serinus.adapters.sql_freezes import SqlFreezes
from serinus.adapters.sql_incidents import SqlIncidents
from serinus.adapters.sql_jobs import SqlJobs
from serinus.adapters.sql_journal import SqlJournal
from serinus.adapters.sql_monitors import SqlMonitors
from serinus.adapters.sql_outbox import SqlOutbox
from serinus.adapters.sql_releases import SqlReleases
from serinus.adapters.sql_signatures import SqlSignatures
from serinus.adapters.sql_suspicions import SqlSuspicions
from serinus.adapters.sql_tx import SqlTx
from serinus.adapters.sql_versions import SqlVersions
from serinus.core.errors import Contended
from serinus.ports.control_store import ControlTx, Leader, Secrets
from serinus.ports.prices import PriceTable


class SqlControlTx(
    SqlApps,
    SqlVersions,
    SqlReleases,
    SqlDocket,
    SqlFreezes,
    SqlJournal,
    SqlOutbox,
    SqlSignatures,
    SqlDataSets,
    SqlJobs,
    SqlApprovals,
    SqlMonitors,
    SqlErasures,
    SqlSuspicions,
    SqlAnswers,
    SqlIncidents,
):
    """All of the port's transaction."""

    def __init__(self, connection: Connection, project: str, prices: PriceTable) -> None:
        super().__init__(connection, project)
        self._prices = prices

    def prices(self) -> PriceTable:
        return self._prices


class SqlLeadership(SqlTx):
    """The leader row: written by claims and beats, locked by every transaction of the leader."""

    def current(self) -> Leader | None:
        return _leader(self._one(select(leaders).where(self._own(leaders))))

    def check(self, epoch: int) -> None:
        """Lock the row until the end of the transaction; Deposed when another epoch leads."""
        row = self._one(select(leaders.c.epoch).where(self._own(leaders)).with_for_update())
        if row is None or row.epoch != epoch:
            raise refusals.deposed(epoch)

    def claim(self, holder: str, seen: Leader | None) -> Leader | None:
        if seen is None:
            first = Leader(holder=holder, epoch=1, beat=1)
            return first if self._add(leaders, holder=holder, epoch=1, beat=1) else None
        same = self._own(leaders, holder=seen.holder, epoch=seen.epoch, beat=seen.beat)
        taken = update(leaders).where(same).values(holder=holder, epoch=seen.epoch + 1, beat=seen.beat + 1)
        return _leader(self._connection.execute(taken.returning(leaders)).first())

    def beat(self, leader: Leader) -> Leader:
        counted = (
            update(leaders)
            .where(self._own(leaders, epoch=leader.epoch))
            .values(beat=leaders.c.beat + 1)
            .returning(leaders)
        )
        beaten = _leader(self._connection.execute(counted).first())
        if beaten is None:
            raise refusals.deposed(leader.epoch)
        return beaten


def _leader(row: Row[Any] | None) -> Leader | None:
    return Leader(holder=row.holder, epoch=row.epoch, beat=row.beat) if row else None


class SqlControlStore:
    """One project in one database. Transactions of a project follow one another: on SQLite by BEGIN IMMEDIATE, on
    PostgreSQL by an advisory lock, so that what a transaction has read is still true when it writes."""

    def __init__(self, engine: Engine, project: str, changes: Changes, prices: PriceTable) -> None:
        self._engine = engine
        self._prices = prices
        self._project = project
        self._changes = changes
        digest = hashlib.sha256(f"serinus control {project}".encode()).digest()
        self._lock = int.from_bytes(digest[:8], "big", signed=True)

    def make_secrets(self, made: Secrets, now_us: int) -> None:
        """Keep these as the project's keys unless it has some."""
        with begun(self._engine) as connection:
            SqlApps(connection, self._project).make_secrets(made, now_us)

    @contextmanager
    def tx(self, epoch: int | None = None) -> Iterator[ControlTx]:
        with begun(self._engine) as connection:
            self._take_turn(connection)
            if epoch is not None:
                SqlLeadership(connection, self._project).check(epoch)
            yield SqlControlTx(connection, self._project, self._prices)

    def _take_turn(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(self._lock)))

    def leader(self) -> Leader | None:
        with begun(self._engine, **READ_ONLY) as connection:
            return SqlLeadership(connection, self._project).current()

    def claim(self, holder: str, seen: Leader | None) -> Leader | None:
        try:
            with begun(self._engine) as connection:
                return SqlLeadership(connection, self._project).claim(holder, seen)
        except Contended:
            return None  # a transaction of the old leader holds the row

    def beat(self, leader: Leader) -> Leader:
        with begun(self._engine) as connection:
            return SqlLeadership(connection, self._project).beat(leader)

    def latest_snapshot(self) -> tuple[int, bytes] | None:
        newest = (
            select(snapshots.c.revision, snapshots.c.raw)
            .where(snapshots.c.project_id == self._project)
            .order_by(snapshots.c.revision.desc())
            .limit(1)
        )
        with begun(self._engine, **READ_ONLY) as connection:
            row = connection.execute(newest).first()
        return (row.revision, row.raw) if row else None

    def wait_change(self, timeout_s: float) -> bool:
        return self._changes.wait(timeout_s)

    def close(self) -> None:
        self._changes.close()
        self._engine.dispose()
