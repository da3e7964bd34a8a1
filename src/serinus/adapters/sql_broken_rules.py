"""Which rules with zero tolerance were broken, in SQL."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import select

from serinus.adapters.schema_telemetry import broken_rules
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.broken_rule import BrokenRule, newest

_KEY = ["project_id", "release", "arm", "rule"]
_TOLD = ("at_us", "call", "version")


class SqlBrokenRules(SqlTx):
    """The part of a telemetry transaction about broken rules."""

    def note_broken(self, batch: Collection[BrokenRule]) -> None:
        if not batch:
            return
        insert = self._insert(broken_rules)
        upsert = insert.on_conflict_do_update(
            index_elements=_KEY,
            set_={name: insert.excluded[name] for name in _TOLD},
            where=insert.excluded.at_us > broken_rules.c.at_us,
        )
        rows = [{"project_id": self._project, **msgspec.structs.asdict(one)} for one in newest(batch)]
        self._connection.execute(upsert, rows)

    def broken_rules(self, release: str) -> list[BrokenRule]:
        rows = self._all(select(broken_rules).where(self._own(broken_rules, release=release)))
        found = (BrokenRule(**{name: getattr(row, name) for name in BrokenRule.__struct_fields__}) for row in rows)
        return sorted(found)
