"""Incidents in SQL. Whether one is open, and when to look at it next, stand beside the document, for the indexes."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, select, update

from serinus.adapters import cursors
from serinus.adapters.schema_incidents import incidents
from serinus.adapters.sql_documents import document
from serinus.adapters.sql_tx import SqlTx
from serinus.core.release.incident import Incident
from serinus.core.release.trigger import Trigger
from serinus.ports.page import Page


def _incident(row: Row[Any]) -> Incident:
    """The incident; one that cannot be read, as of a newer Serinus, stays open or closed as it is, and says why."""
    try:
        return msgspec.json.decode(row.document, type=Incident)
    except msgspec.MsgspecError as error:
        return Incident(
            id=row.id,
            kind="rollback",
            app=row.app,
            release=row.release,
            version="",
            digest="",
            severity="medium",
            trigger=Trigger(kind="unreadable"),
            reason=f"what is stored of it cannot be read: {error}",
            opened_at_us=row.opened_at_us,
            opened_by="nobody known",
            sign_off="full",
            closed_at_us=0 if row.open else row.opened_at_us,
        )


class SqlIncidents(SqlTx):
    """The incidents part of a control transaction."""

    def incident(self, id: str) -> Incident | None:
        row = self._one(select(incidents).where(self._own(incidents, id=id)))
        return _incident(row) if row else None

    def put_incident(self, one: Incident) -> None:
        values = {"open": int(one.open), "next_at_us": one.next_at_us, "document": document(one)}
        known = update(incidents).where(self._own(incidents, id=one.id)).values(**values)
        if self._connection.execute(known).rowcount == 1:
            return
        self._add(
            incidents,
            id=one.id,
            ordinal=self._next(incidents, "ordinal"),
            app=one.app,
            release=one.release,
            opened_at_us=one.opened_at_us,
            **values,
        )

    def incidents(self, page: Page, app: str | None = None, is_open: bool = False) -> tuple[list[Incident], str]:
        query = select(incidents).where(self._own(incidents), incidents.c.ordinal < cursors.before(page))
        if app is not None:
            query = query.where(incidents.c.app == app)
        if is_open:
            query = query.where(incidents.c.open == 1)
        rows = self._all(query.order_by(incidents.c.ordinal.desc()).limit(page.limit + 1))
        shown, cursor = cursors.cut(rows, page, lambda row: int(row.ordinal))
        return [_incident(row) for row in shown], cursor

    def late_incidents(self, now_us: int, limit: int) -> list[Incident]:
        due = (incidents.c.next_at_us > 0, incidents.c.next_at_us <= now_us)
        query = select(incidents).where(self._own(incidents, open=1), *due).order_by(incidents.c.ordinal).limit(limit)
        return [_incident(row) for row in self._all(query)]
