"""Units that have a pair, in SQL."""

from __future__ import annotations

from collections.abc import Collection

from serinus.adapters.schema_telemetry import pairs
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.pairs import PairedUnit


class SqlPairs(SqlTx):
    """The pairs part of a telemetry transaction. Units are inserted in order, so that hosts never wait in a circle."""

    def pair(self, units: Collection[PairedUnit]) -> set[PairedUnit]:
        rows = [{"project_id": self._project, "release": one.release, "unit": one.unit} for one in sorted(set(units))]
        if not rows:
            return set()
        insert = self._insert(pairs).on_conflict_do_nothing().returning(pairs.c.release, pairs.c.unit)
        return {PairedUnit(row.release, bytes(row.unit)) for row in self._connection.execute(insert, rows)}
