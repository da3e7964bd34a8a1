"""Forgetting the units of ended releases in SQL: a mark first, then their rows, so many at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, select, true, tuple_

from serinus.adapters.schema_telemetry import broken_rules, enrolments, labels, pairs, pruned_releases, unit_sums
from serinus.adapters.sql_tx import SqlTx

_SPREAD = -1


def _of_units(table: Table) -> ColumnElement[bool]:
    """The rows of single units, or of buckets of them. The spread over all buckets is a sum of the release."""
    return unit_sums.c.bucket > _SPREAD if table is unit_sums else true()


_TABLES: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (enrolments, ("unit",)),
    (pairs, ("unit",)),
    (labels, ("metric", "unit")),
    (unit_sums, ("bucket", "stratum", "metric", "arm")),
    (broken_rules, ("arm", "rule")),
)
"""What is kept of units, and what tells the rows of a release apart."""


class SqlPruning(SqlTx):
    """The part of a telemetry transaction that forgets units."""

    def releases_of_units(self) -> list[str]:
        return sorted({release for table, _ in _TABLES for release in self._releases(table)})

    def prune_units(self, release: str, at_us: int, most: int) -> int:
        self._add(pruned_releases, release=release, at_us=at_us)
        left = most
        for table, key in _TABLES:
            left -= self._prune(table, key, release, left) if left else 0
        return most - left

    def pruned(self, releases: Collection[str]) -> set[str]:
        if not releases:
            return set()
        among = pruned_releases.c.release.in_(sorted(releases))
        return {
            row.release for row in self._all(select(pruned_releases.c.release).where(self._own(pruned_releases), among))
        }

    def _releases(self, table: Table) -> Iterator[str]:
        """The releases that have such rows, each found by a step in the key, however many rows there are."""
        mine, beyond = self._own(table), table.c.release > bindparam("last")
        following = select(func.min(table.c.release)).where(mine, beyond)
        last = ""
        while (found := self._connection.execute(following, {"last": last}).scalar_one()) is not None:
            last = str(found)
            if self._one(select(table.c.release).where(self._own(table, release=last), _of_units(table)).limit(1)):
                yield last

    def _prune(self, table: Table, key: tuple[str, ...], release: str, most: int) -> int:
        columns = [table.c[name] for name in key]
        mine = self._own(table, release=release)
        some = select(*columns).where(mine, _of_units(table)).limit(most)
        return self._connection.execute(delete(table).where(mine, tuple_(*columns).in_(some))).rowcount
