"""Suspicions in SQL: those that were raised, in the telemetry store, and those that are answered, in the control
store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, tuple_, update

from serinus.adapters import cursors
from serinus.adapters.schema import active, releases, suspicions
from serinus.adapters.schema_telemetry import raised_suspicions
from serinus.adapters.sql_documents import document
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.suspicion import KINDS, PATTERN, Kind, Raised
from serinus.core.release.suspicion import Suspicion
from serinus.core.routing.assignment import Arm
from serinus.ports.page import Page

_AGE = tuple(raised_suspicions.c[name] for name in ("at_us", "call", "kind", "by"))
_AT_ONCE = 500
_ARMS = [int(arm) for arm in Arm]


def _suspicion(row: Row[Any]) -> Suspicion:
    """The suspicion; one that cannot be read, as of a newer Serinus, holds its release as a pattern would: no silence
    ends it."""
    try:
        return msgspec.json.decode(row.document, type=Suspicion)
    except msgspec.MsgspecError as error:
        return Suspicion(
            id=row.id,
            kind=PATTERN,
            app=row.app,
            release=row.release,
            call="",
            arm="",
            category="unreadable",
            by=("nobody known",),
            raised_at_us=row.raised_at_us,
            holds=bool(row.open),
            reason=f"what is stored of it cannot be read: {error}",
        )


def _raised(row: Row[Any]) -> Raised:
    return Raised(**{**{name: getattr(row, name) for name in Raised.__struct_fields__}, "arm": Arm(row.arm)})


class SqlSuspicions(SqlTx):
    """The suspicions part of a control transaction. `open` and `pending` stand beside the document, for the index."""

    def suspicion(self, id: str) -> Suspicion | None:
        row = self._one(select(suspicions).where(self._own(suspicions, id=id)))
        return _suspicion(row) if row else None

    def put_suspicion(self, one: Suspicion) -> None:
        values = {"open": int(one.open), "pending": int(one.pending), "document": document(one)}
        known = update(suspicions).where(self._own(suspicions, id=one.id)).values(**values)
        if self._connection.execute(known).rowcount == 1:
            return
        self._add(
            suspicions,
            id=one.id,
            ordinal=self._next(suspicions, "ordinal"),
            app=one.app,
            release=one.release,
            holds=int(one.holds),
            raised_at_us=one.raised_at_us,
            **values,
        )

    def suspicions(
        self, page: Page, app: str | None = None, release: str | None = None, pending: bool = False
    ) -> tuple[list[Suspicion], str]:
        query = select(suspicions).where(self._own(suspicions))
        query = query.where(suspicions.c.ordinal < cursors.before(page))
        if app is not None:
            query = query.where(suspicions.c.app == app)
        if release is not None:
            query = query.where(suspicions.c.release == release)
        if pending:
            query = query.join(releases, _same_release()).where(suspicions.c.pending == 1, active())
        rows = self._all(query.order_by(suspicions.c.ordinal.desc()).limit(page.limit + 1))
        shown, cursor = cursors.cut(rows, page, lambda row: int(row.ordinal))
        return [_suspicion(row) for row in shown], cursor

    def open_suspicions(self) -> Mapping[str, tuple[Suspicion, ...]]:
        query = (
            select(suspicions)
            .join(releases, _same_release())
            .where(self._own(suspicions, open=1), active())
            .order_by(suspicions.c.ordinal)
        )
        found: dict[str, tuple[Suspicion, ...]] = {}
        for row in self._all(query):
            one = _suspicion(row)
            found[one.release] = (*found.get(one.release, ()), one)
        return found

    def last_suspicion(self, app: str, release: str, holds: bool) -> int:
        query = select(suspicions.c.raised_at_us).where(self._own(suspicions, app=app, holds=int(holds)))
        if release:
            query = query.where(suspicions.c.release == release)
        row = self._one(query.order_by(suspicions.c.ordinal.desc()).limit(1))
        return int(row.raised_at_us) if row else 0


class SqlRaised(SqlTx):
    """The part of a telemetry transaction about suspicions that wait to be taken in."""

    def suspect(self, batch: Collection[Raised]) -> None:
        if not batch:
            return
        rows = [{"project_id": self._project, **msgspec.structs.asdict(one)} for one in sorted(batch)]
        self._connection.execute(self._insert(raised_suspicions).on_conflict_do_nothing(), rows)

    def suspected(self, most: int, but_of: Collection[str] = ()) -> list[Raised]:
        table = raised_suspicions
        query = select(table).where(self._own(table), table.c.kind.in_(KINDS), table.c.arm.in_(_ARMS))
        if but_of:
            query = query.where(or_(table.c.arm != int(Arm.CANDIDATE), table.c.release.not_in(sorted(but_of))))
        return [_raised(row) for row in self._all(query.order_by(*_AGE).limit(most))]

    def suspected_again(self, suspicions: Collection[tuple[str, Kind]], most: int) -> list[Raised]:
        table, asked, found = raised_suspicions, sorted(suspicions), list[Raised]()
        for start in range(0, len(asked), _AT_ONCE):
            these = tuple_(table.c.call, table.c.kind).in_(asked[start : start + _AT_ONCE])
            query = select(table).where(self._own(table), these).order_by(*_AGE).limit(most)
            found += [_raised(row) for row in self._all(query)]
        return sorted(found, key=lambda one: (one.at_us, one.call, one.kind, one.by))[:most]

    def forget_suspected(self, batch: Sequence[Raised]) -> None:
        for one in sorted(batch):
            gone = self._own(raised_suspicions, call=one.call, kind=one.kind, by=one.by)
            self._connection.execute(delete(raised_suspicions).where(gone))


def _same_release() -> ColumnElement[bool]:
    return and_(releases.c.project_id == suspicions.c.project_id, releases.c.id == suspicions.c.release)
