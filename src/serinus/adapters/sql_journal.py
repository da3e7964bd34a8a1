"""Audit entries and idempotency keys in SQL."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, delete, select

from serinus.adapters import cursors, refusals
from serinus.adapters.schema import audit, remembered
from serinus.adapters.sql_tx import SqlTx
from serinus.core.audit.entry import Draft, Entry, chain
from serinus.core.errors import Contended
from serinus.ports.control_store import Page

_ENTRY_FIELDS = Entry.__struct_fields__


def _entry(row: Row[Any]) -> Entry:
    return Entry(**{name: getattr(row, name) for name in _ENTRY_FIELDS})


class SqlJournal(SqlTx):
    """The part of a control transaction that says what was done and what was answered."""

    def append_audit(self, draft: Draft) -> Entry:
        # The head cannot move meanwhile: transactions of a project follow one another. Should that ever fail, the
        # keys on seq and on the previous hash make a fork impossible.
        head = self._one(select(audit).where(self._own(audit)).order_by(audit.c.seq.desc()).limit(1))
        entry = chain(draft, _entry(head) if head else None)
        if not self._add(audit, **msgspec.structs.asdict(entry)):
            raise Contended("another entry took this place in the chain", where="audit", mend="do it again")
        return entry

    def audit_entries(self, after_seq: int, limit: int) -> list[Entry]:
        query = select(audit).where(self._own(audit), audit.c.seq > after_seq).order_by(audit.c.seq).limit(limit)
        return [_entry(row) for row in self._all(query)]

    def audit_newest(self, subject: str | None, page: Page) -> tuple[list[Entry], str]:
        query = select(audit).where(self._own(audit), audit.c.seq < cursors.before(page))
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        rows = self._all(query.order_by(audit.c.seq.desc()).limit(page.limit + 1))
        return cursors.cut([_entry(row) for row in rows], page, lambda entry: entry.seq)

    def remembered(self, idempotency_key: str, now_us: int) -> tuple[str, int, bytes] | None:
        row = self._one(
            select(remembered).where(
                self._own(remembered, key=idempotency_key), remembered.c.at_us > now_us - refusals.REMEMBERED_US
            )
        )
        return (row.request_digest, row.status, row.body) if row else None

    def remember(self, idempotency_key: str, request_digest: str, status: int, body: bytes, now_us: int) -> None:
        expired = remembered.c.at_us <= now_us - refusals.REMEMBERED_US
        self._connection.execute(delete(remembered).where(self._own(remembered), expired))
        added = self._add(
            remembered, key=idempotency_key, request_digest=request_digest, status=status, body=body, at_us=now_us
        )
        if not added:
            raise refusals.key_answered(idempotency_key)
