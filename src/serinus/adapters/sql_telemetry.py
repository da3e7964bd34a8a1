"""The telemetry store in SQL: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Engine, cast, delete, func, select, update

from serinus.adapters import refusals
from serinus.adapters.enrolment import sum_order
from serinus.adapters.schema_telemetry import hosts, offsets, sums
from serinus.adapters.sql_broken_rules import SqlBrokenRules
from serinus.adapters.sql_documents import document
from serinus.adapters.sql_engine import begun
from serinus.adapters.sql_enrolment import SqlEnrolment
from serinus.adapters.sql_judgements import SqlJudgements
from serinus.adapters.sql_labels import SqlLabels
from serinus.adapters.sql_notes import SqlNotes
from serinus.adapters.sql_pairs import SqlPairs
from serinus.adapters.sql_pruning import SqlPruning
from serinus.adapters.sql_rollups import SqlRollups
from serinus.adapters.sql_score_sums import SqlScoreSums
from serinus.adapters.sql_suspicions import SqlRaised
from serinus.adapters.sql_tick_reads import SqlTickReads
from serinus.adapters.sql_tx import SqlTx
from serinus.adapters.sql_unit_sums import SqlUnitSums
from serinus.core.fleet import HostStatus
from serinus.core.records.sums import Sum, SumKey
from serinus.ports.telemetry_store import TelemetryTx

_LIMB = 32
_KEY = ["project_id", *SumKey.__struct_fields__]
_COUNTED = ("count", "total", "squares_high", "squares_low")


class SqlShipping(SqlTx):
    """Offsets, sums and host reports."""

    def offset(self, spool: str) -> int:
        row = self._one(select(offsets.c.bytes).where(self._own(offsets, spool=spool)))
        return row.bytes if row else 0

    def advance_offset(self, spool: str, expected: int, new: int) -> None:
        swapped = update(offsets).where(self._own(offsets, spool=spool, bytes=expected)).values(bytes=new)
        if self._connection.execute(swapped).rowcount == 1:
            return
        if expected != 0 or not self._add(offsets, spool=spool, bytes=new):
            raise refusals.offset_changed(spool, expected)

    def forget_offsets(self, spools: Collection[str]) -> None:
        gone = offsets.c.spool.in_(sorted(spools))
        self._connection.execute(delete(offsets).where(self._own(offsets), gone))

    def add_sums(self, batch: Sequence[tuple[SumKey, Sum]]) -> None:
        added: dict[SumKey, Sum] = {}
        for key, addend in batch:
            added[key] = added[key].plus(addend) if key in added else addend
        if not added:
            return
        insert = self._insert(sums)
        upsert = insert.on_conflict_do_update(
            index_elements=_KEY, set_={name: sums.c[name] + insert.excluded[name] for name in _COUNTED}
        )
        # In one order for all hosts: they wait for each other's rows, never in a circle.
        self._connection.execute(upsert, [self._row(key, added[key]) for key in sorted(added, key=sum_order)])

    def _row(self, key: SumKey, addend: Sum) -> dict[str, object]:
        high, low = divmod(addend.squares, 1 << _LIMB)
        counted = {"count": addend.count, "total": addend.total, "squares_high": high, "squares_low": low}
        return {"project_id": self._project, **msgspec.structs.asdict(key), **counted}

    def sums(self, release: str) -> list[tuple[SumKey, Sum]]:
        columns = (sums.c[name] for name in (*_KEY, *_COUNTED))
        found = []
        for row in self._all(select(*columns).where(self._own(sums, release=release))):
            values: tuple[Any, ...] = tuple(row)
            _, *key, count, total, high, low = values
            found.append((SumKey(*key), Sum(count, total, (high << _LIMB) + low)))
        return sorted(found, key=lambda row: sum_order(row[0]))

    def clock_us(self) -> int | None:
        if self._connection.dialect.name != "postgresql":
            return None
        now_us = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
        return int(self._connection.execute(select(now_us)).scalar_one())

    def put_host(self, status: HostStatus) -> None:
        self._put(hosts, {"host": status.host}, document=document(status))

    def host(self, host: str) -> HostStatus | None:
        row = self._one(select(hosts.c.document).where(self._own(hosts, host=host)).with_for_update())
        return msgspec.json.decode(row.document, type=HostStatus) if row else None

    def hosts(self) -> list[HostStatus]:
        rows = self._all(select(hosts.c.document).where(self._own(hosts)))
        found = (msgspec.json.decode(row.document, type=HostStatus) for row in rows)
        return sorted(found, key=lambda status: status.host)

    def drop_host(self, host: str) -> None:
        self._connection.execute(delete(hosts).where(self._own(hosts, host=host)))


class SqlTelemetryTx(
    SqlShipping,
    SqlNotes,
    SqlEnrolment,
    SqlPairs,
    SqlUnitSums,
    SqlLabels,
    SqlPruning,
    SqlRaised,
    SqlBrokenRules,
    SqlJudgements,
    SqlScoreSums,
    SqlRollups,
    SqlTickReads,
):
    """All of the port's transaction."""


class SqlTelemetryStore:
    """One project in one database."""

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project

    @contextmanager
    def tx(self) -> Iterator[TelemetryTx]:
        with begun(self._engine) as connection:
            yield SqlTelemetryTx(connection, self._project)

    def close(self) -> None:
        self._engine.dispose()
