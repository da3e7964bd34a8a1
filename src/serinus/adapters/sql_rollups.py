"""Rollups in SQL: histograms are merged here, not in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, and_, delete, func, select

from serinus.adapters import rollup_merge
from serinus.adapters.schema_telemetry import rollups
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.sums import Cost, Rollup

_FIELDS = Rollup.__struct_fields__
_KEY = [column.name for column in rollups.primary_key]
_VALUES = [column.name for column in rollups.columns if column.name not in _KEY]


def _rollup(row: Row[Any]) -> Rollup:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Rollup(**{**values, "events": msgspec.json.decode(row.events, type=dict[int, int])})


class SqlRollups(SqlTx):
    """The rollups part of a telemetry transaction. A row has one writer, its host's agent (two agents of one host are
    told apart by the offsets, which only one of them can advance), so it is read, merged and written back."""

    def add_rollups(self, batch: Sequence[Rollup]) -> None:
        added = rollup_merge.merged(batch)
        if not added:
            return
        stored = {rollup_merge.key_of(r): r for r in self._stored(added)}
        rows = []
        for rollup in added:
            before = stored.get(rollup_merge.key_of(rollup))
            values = msgspec.structs.asdict(rollup_merge.added(before, rollup) if before else rollup)
            values["events"] = msgspec.json.encode(values["events"]).decode()
            rows.append({"project_id": self._project, **values})
        insert = self._insert(rollups)
        upsert = insert.on_conflict_do_update(
            index_elements=_KEY, set_={name: insert.excluded[name] for name in _VALUES}
        )
        self._connection.execute(upsert, rows)

    def _stored(self, added: Sequence[Rollup]) -> list[Rollup]:
        buckets: dict[tuple[str, int], set[int]] = {}
        for rollup in added:
            buckets.setdefault((rollup.host, rollup.width_s), set()).add(rollup.start_us)
        found = []
        for (host, width_s), starts in sorted(buckets.items()):
            query = select(rollups).where(
                self._own(rollups, host=host, width_s=width_s),
                rollups.c.start_us.between(min(starts), max(starts)),
            )
            found += [_rollup(row) for row in self._all(query)]
        return found

    def _buckets(self, width_s: int, from_us: int, to_us: int, **equal: str) -> list[Rollup]:
        within = and_(rollups.c.start_us >= from_us, rollups.c.start_us < to_us)
        rows = self._all(select(rollups).where(self._own(rollups, width_s=width_s, **equal), within))
        return [_rollup(row) for row in rows]

    def rollups(self, release: str, width_s: int, from_us: int, to_us: int) -> list[Rollup]:
        return rollup_merge.of_release(self._buckets(width_s, from_us, to_us, release=release))

    def app_rollups(self, app: str, width_s: int, from_us: int, to_us: int) -> list[Rollup]:
        return rollup_merge.of_app(self._buckets(width_s, from_us, to_us, app=app))

    def costs(self, release: str) -> dict[int, Cost]:
        columns = (rollups.c.requests, rollups.c.priced, rollups.c.cost_nano)
        query = select(rollups.c.arm, *(func.sum(column) for column in columns))
        rows = self._all(query.where(self._own(rollups, width_s=60, release=release)).group_by(rollups.c.arm))
        return {
            arm: Cost(calls=int(calls), priced=int(priced), nano=int(nano))
            for arm, calls, priced, nano in (tuple(row) for row in rows)
        }

    def prune_rollups(self, width_s: int, before_us: int) -> int:
        expired = delete(rollups).where(self._own(rollups, width_s=width_s), rollups.c.start_us < before_us)
        return self._connection.execute(expired).rowcount
