"""Readings of monitors in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, delete, select

from serinus.adapters import cursors
from serinus.adapters.schema import monitor_readings, newest_readings
from serinus.adapters.sql_tx import SqlTx
from serinus.core.monitoring.reading import Reading, Subject
from serinus.ports.page import Page

_decode = msgspec.json.Decoder(Reading).decode


class SqlMonitors(SqlTx):
    """The monitors part of a control transaction."""

    def put_reading(self, reading: Reading, keep: bool = True) -> None:
        key = {"app": reading.app, "monitor": reading.monitor, "subject": reading.subject}
        document = msgspec.json.encode(reading).decode()
        self._put(newest_readings, key, at_us=reading.at_us, document=document)
        if keep:
            place = {"id": self._next(monitor_readings, "id"), "release": reading.release, "at_us": reading.at_us}
            self._add(monitor_readings, **key, **place, document=document)

    def newest_readings(self, app: str | None = None) -> list[Reading]:
        table = newest_readings
        own = self._own(table) if app is None else self._own(table, app=app)
        return _read(self._all(select(table).where(own).order_by(table.c.app, table.c.monitor, table.c.subject)))

    def readings(
        self, app: str, monitor: str, page: Page, subject: Subject | None = None, release: str | None = None
    ) -> tuple[list[Reading], str]:
        table = monitor_readings
        equal = {"app": app, "monitor": monitor}
        equal |= {} if subject is None else {"subject": subject}
        equal |= {} if release is None else {"release": release}
        query = select(table).where(self._own(table, **equal), table.c.id < cursors.before(page))
        rows = self._all(query.order_by(table.c.id.desc()).limit(page.limit + 1))
        shown, cursor = cursors.cut(rows, page, lambda row: int(row.id))
        return _read(shown), cursor

    def prune_readings(self, before_us: int) -> int:
        for table in (newest_readings, monitor_readings):
            old = delete(table).where(self._own(table), table.c.at_us < before_us)
            dropped = self._connection.execute(old.execution_options(preserve_rowcount=True)).rowcount
        return dropped


def _read(rows: Sequence[Row[Any]]) -> list[Reading]:
    return [_decode(row.document) for row in rows]
