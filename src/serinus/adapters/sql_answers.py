"""Stored answers in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from sqlalchemy import Row, delete, func, select, update

from serinus.adapters import cursors
from serinus.adapters.schema import cached_answers as table
from serinus.adapters.sql_documents import document
from serinus.adapters.sql_tx import SqlTx
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.ports.page import Page


def _read(rows: Sequence[Row[Any]]) -> list[StoredAnswer]:
    """Without those that this Serinus cannot read, as of a newer one: nobody is told them, and nothing else stops."""
    found = list[StoredAnswer]()
    for row in rows:
        with suppress(msgspec.MsgspecError):
            found.append(msgspec.json.decode(row.document, type=StoredAnswer))
    return found


class SqlAnswers(SqlTx):
    """The answers part of a control transaction. `approved` stands beside the document, for the index."""

    def stored_answer(self, id: str) -> StoredAnswer | None:
        return next(iter(_read(self._all(select(table.c.document).where(self._own(table, id=id))))), None)

    def put_stored_answer(self, one: StoredAnswer) -> None:
        values = {"approved": int(bool(one.approved_at_us)), "document": document(one)}
        known = update(table).where(self._own(table, id=one.id)).values(**values)
        if self._connection.execute(known).rowcount == 1:
            return
        self._add(
            table,
            id=one.id,
            ordinal=self._next(table, "ordinal"),
            app=one.app,
            version=one.version,
            behaviour=one.behaviour,
            unit=one.unit,
            from_call=int(bool(one.call)),
            proposed_at_us=one.proposed_at_us,
            **values,
        )

    def stored_answers(self, page: Page, app: str, approved: bool | None = None) -> tuple[list[StoredAnswer], str]:
        query = select(table).where(self._own(table, app=app), table.c.ordinal < cursors.before(page))
        if approved is not None:
            query = query.where(table.c.approved == int(approved))
        rows = self._all(query.order_by(table.c.ordinal.desc()).limit(page.limit + 1))
        shown, cursor = cursors.cut(rows, page, lambda row: int(row.ordinal))
        return _read(shown), cursor

    def approved_answers(self, app: str, behaviours: Collection[str]) -> list[StoredAnswer]:
        query = select(table.c.document).where(
            self._own(table, app=app, approved=1), table.c.behaviour.in_(sorted(behaviours))
        )
        return _read(self._all(query.order_by(table.c.ordinal)))

    def answers_of(self, *, app: str = "", version: str = "", unit: str = "") -> list[StoredAnswer]:
        own = self._own(table, unit=unit) if unit else self._own(table, app=app, version=version)
        return _read(self._all(select(table.c.document).where(own).order_by(table.c.ordinal)))

    def count_proposals(self, app: str) -> int:
        query = select(func.count()).select_from(table).where(self._own(table, app=app, approved=0))
        return int(self._connection.scalar(query) or 0)

    def drop_answers(self, ids: Collection[str]) -> None:
        if ids:
            self._connection.execute(delete(table).where(self._own(table), table.c.id.in_(sorted(ids))))

    def drop_proposals(self, app: str, before_us: int) -> int:
        stale = self._own(table, app=app, approved=0, from_call=1)
        return self._connection.execute(delete(table).where(stale, table.c.proposed_at_us < before_us)).rowcount
