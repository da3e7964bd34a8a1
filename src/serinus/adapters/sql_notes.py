"""Keys that were seen once, in SQL."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete

from serinus.adapters.schema_telemetry import notes
from serinus.adapters.sql_tx import SqlTx


class SqlNotes(SqlTx):
    """The notes part of a telemetry transaction. Keys are inserted in order, so that hosts never wait in a circle."""

    def note(self, keys: Collection[bytes], at_us: int) -> set[bytes]:
        rows = [{"project_id": self._project, "key": key, "at_us": at_us} for key in sorted(set(keys))]
        if not rows:
            return set()
        insert = self._insert(notes).on_conflict_do_nothing().returning(notes.c.key)
        return {bytes(row.key) for row in self._connection.execute(insert, rows)}

    def forget_notes(self, before_us: int) -> int:
        expired = delete(notes).where(self._own(notes), notes.c.at_us < before_us)
        return self._connection.execute(expired).rowcount
