"""Data sets and suites in SQL. Lines of a data set are kept compressed."""

from __future__ import annotations

import zlib
from typing import Any

from sqlalchemy import Row, func, select

from serinus.adapters.schema_evaluation import data_sets, suites
from serinus.adapters.sql_tx import SqlTx
from serinus.ports.datasets import StoredDataSet, StoredSuite

_SUITE_FIELDS = StoredSuite.__struct_fields__
_LISTED = tuple(name for name in StoredDataSet.__struct_fields__ if name != "raw")


def _suite(row: Row[Any]) -> StoredSuite:
    return StoredSuite(**{name: getattr(row, name) for name in _SUITE_FIELDS})


class SqlDataSets(SqlTx):
    """What is evaluated with, as part of a control transaction."""

    def insert_data_set(self, data_set: StoredDataSet) -> bool:
        values = {name: getattr(data_set, name) for name in _LISTED}
        ordinal = self._next(data_sets, "ordinal")
        return self._add(data_sets, **values, ordinal=ordinal, packed=zlib.compress(data_set.raw, 6))

    def data_set(self, app: str, digest: str) -> StoredDataSet | None:
        row = self._one(select(data_sets).where(self._own(data_sets, app=app, digest=digest)))
        if row is None:
            return None
        return StoredDataSet(**{name: getattr(row, name) for name in _LISTED}, raw=zlib.decompress(row.packed))

    def data_sets(self, app: str) -> list[StoredDataSet]:
        columns = [data_sets.c[name] for name in _LISTED]
        query = select(*columns).where(self._own(data_sets, app=app)).order_by(data_sets.c.ordinal.desc())
        return [StoredDataSet(**{name: getattr(row, name) for name in _LISTED}) for row in self._all(query)]

    def insert_suite(self, suite: StoredSuite) -> bool:
        newest = self._newest(suite.app, suite.name)
        if newest is not None and newest.digest == suite.digest:
            return False
        values = {name: getattr(suite, name) for name in _SUITE_FIELDS}
        return self._add(suites, **values, ordinal=self._next(suites, "ordinal"))

    def suite(self, app: str, ref: str) -> StoredSuite | None:
        row = self._newest(app, ref)
        if row is None:
            query = select(suites).where(self._own(suites, app=app, digest=ref))
            row = self._one(query.order_by(suites.c.ordinal.desc()).limit(1))
        return _suite(row) if row else None

    def suites(self, app: str) -> list[StoredSuite]:
        newest = select(func.max(suites.c.ordinal)).where(self._own(suites, app=app)).group_by(suites.c.name)
        query = select(suites).where(self._own(suites), suites.c.ordinal.in_(newest)).order_by(suites.c.name)
        return [_suite(row) for row in self._all(query)]

    def _newest(self, app: str, name: str) -> Row[Any] | None:
        query = select(suites).where(self._own(suites, app=app, name=name))
        return self._one(query.order_by(suites.c.ordinal.desc()).limit(1))
