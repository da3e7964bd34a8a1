"""Sums over buckets of units in SQL: buckets add up, and the spread over them is carried along."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from serinus.adapters.schema_telemetry import unit_sums
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.unit_measures import Spread, UnitKey, UnitSum, widened
from serinus.ports.tick_reads import Place

_SPREAD = -1
_LIMB = 32
_KEY = ("project_id", "release", "bucket", "stratum", "metric", "arm")
_COUNTED = ("calls", "total", "squares_high", "squares_low", "products_high", "products_low", "call_squares")


class SqlUnitSums(SqlTx):
    """The part of a telemetry transaction about cost and tokens of units.

    A bucket's row is locked from its upsert to the commit, so that what it holds afterwards less what was added is what
    it held before, whoever else adds to it: that makes the spread exact. All lock in the order of keys.
    """

    def add_unit_sums(self, batch: Mapping[UnitKey, UnitSum]) -> None:
        if not batch:
            return
        upsert = self._upsert().returning(
            *(unit_sums.c[name] for name in (*UnitKey.__struct_fields__, "calls", "total"))
        )
        rows = [
            self._bucket_row(key, key.bucket, Spread(added.calls, added.total)) for key, added in sorted(batch.items())
        ]
        spreads: dict[UnitKey, Spread] = {}
        for row in self._connection.execute(upsert, rows):
            values: tuple[Any, ...] = tuple(row)
            *key_fields, calls, total = values
            key = UnitKey(*key_fields)
            over = UnitKey(key.release, key.stratum, key.metric, key.arm, _SPREAD)
            spreads[over] = spreads.get(over, Spread()).plus(widened(UnitSum(calls, total), batch[key]))
        self._connection.execute(
            self._upsert(), [self._bucket_row(key, _SPREAD, spreads[key]) for key in sorted(spreads)]
        )

    def spreads_of(self, releases: Collection[str]) -> dict[str, dict[Place, Spread]]:
        if not releases:
            return {}
        names = ("release", "stratum", "metric", "arm", *_COUNTED)
        query = select(*(unit_sums.c[name] for name in names)).where(
            self._own(unit_sums, bucket=_SPREAD), unit_sums.c.release.in_(sorted(releases))
        )
        found: dict[str, dict[Place, Spread]] = {}
        for row in self._all(query):
            values: tuple[Any, ...] = tuple(row)
            release, stratum, metric, arm, calls, total, high, low, products_high, products_low, call_squares = values
            found.setdefault(release, {})[stratum, metric, arm] = Spread(
                calls, total, (high << _LIMB) + low, (products_high << _LIMB) + products_low, call_squares
            )
        return found

    def _upsert(self) -> Any:
        insert = self._insert(unit_sums)
        return insert.on_conflict_do_update(
            index_elements=list(_KEY), set_={name: unit_sums.c[name] + insert.excluded[name] for name in _COUNTED}
        )

    def _bucket_row(self, key: UnitKey, bucket: int, added: Spread) -> dict[str, object]:
        high, low = divmod(added.squares, 1 << _LIMB)
        products_high, products_low = divmod(added.products, 1 << _LIMB)
        return {
            "project_id": self._project,
            "release": key.release,
            "bucket": bucket,
            "stratum": key.stratum,
            "metric": key.metric,
            "arm": key.arm,
            "calls": added.calls,
            "total": added.total,
            "squares_high": high,
            "squares_low": low,
            "products_high": products_high,
            "products_low": products_low,
            "call_squares": added.call_squares,
        }
