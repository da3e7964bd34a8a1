"""Erasures in SQL."""

from __future__ import annotations

from sqlalchemy import select

from serinus.adapters.schema import erasures
from serinus.adapters.sql_tx import SqlTx
from serinus.ports.payloads import Erasure


class SqlErasures(SqlTx):
    """The erasures part of a control transaction."""

    def put_erasure(self, erasure: Erasure) -> None:
        self._put(erasures, {"unit": erasure.unit}, at_us=erasure.at_us)

    def erasures(self, after_us: int) -> list[Erasure]:
        query = select(erasures).where(self._own(erasures), erasures.c.at_us > after_us).order_by(erasures.c.unit)
        return [Erasure(unit=row.unit, at_us=row.at_us) for row in self._all(query)]
