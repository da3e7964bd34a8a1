"""The outbox and its deliveries in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from sqlalchemy import Row, func, select, update

from serinus.adapters import cursors
from serinus.adapters.memory_outbox import fresh, progress_of
from serinus.adapters.schema import deliveries, outbox
from serinus.adapters.sql_tx import SqlTx
from serinus.ports.outbox import Delivery, Notice
from serinus.ports.page import Page

_NOTICE_FIELDS = Notice.__struct_fields__
_DELIVERY_FIELDS = Delivery.__struct_fields__


def _notice(row: Row[Any]) -> Notice:
    return Notice(**{name: getattr(row, name) for name in _NOTICE_FIELDS})


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**{name: getattr(row, name) for name in _DELIVERY_FIELDS})


class SqlOutbox(SqlTx):
    """The part of a control transaction that says what is to be told, and to whom it was."""

    def enqueue(self, notice: Notice) -> bool:
        return self._add(outbox, **msgspec.structs.asdict(fresh(notice, self._next(outbox, "id"))))

    def notice(self, id: int) -> Notice | None:
        row = self._one(select(outbox).where(self._own(outbox, id=id)))
        return _notice(row) if row else None

    def notices(self, page: Page, app: str | None = None, waiting: bool = False) -> tuple[list[Notice], str]:
        query = select(outbox).where(self._own(outbox), outbox.c.id < cursors.before(page))
        if app is not None:
            query = query.where(outbox.c.app == app)
        if waiting:
            query = query.where(outbox.c.acknowledge_by_us > 0, outbox.c.acknowledged_at_us == 0)
        rows = self._all(query.order_by(outbox.c.id.desc()).limit(page.limit + 1))
        return cursors.cut([_notice(row) for row in rows], page, lambda notice: notice.id)

    def undelivered(self, limit: int) -> list[Notice]:
        return self._oldest(limit, delivered_at_us=0)

    def unrouted(self, limit: int) -> list[Notice]:
        return self._oldest(limit, routed_at_us=0)

    def _oldest(self, limit: int, **equal: int) -> list[Notice]:
        query = select(outbox).where(self._own(outbox, **equal)).order_by(outbox.c.id).limit(limit)
        return [_notice(row) for row in self._all(query)]

    def overdue(self, now_us: int, limit: int) -> list[Notice]:
        late = (outbox.c.acknowledge_by_us > 0) & (outbox.c.acknowledge_by_us <= now_us)
        unheard = self._own(outbox, acknowledged_at_us=0, escalated_at_us=0)
        query = select(outbox).where(unheard, late).order_by(outbox.c.id).limit(limit)
        return [_notice(row) for row in self._all(query)]

    def replace_notice(self, notice: Notice) -> None:
        own = self._own(outbox, id=notice.id)
        self._connection.execute(update(outbox).where(own).values(**progress_of(notice)))

    def mark_delivered(self, id: int, at_us: int) -> None:
        first = self._own(outbox, id=id, delivered_at_us=0)
        self._connection.execute(update(outbox).where(first).values(delivered_at_us=at_us))

    def put_deliveries(self, given: Iterable[Delivery]) -> None:
        for delivery in given:
            values = msgspec.structs.asdict(delivery)
            key = {name: values.pop(name) for name in ("notice", "target")}
            self._put(deliveries, key, **values)

    def deliveries(self, notices: Collection[int]) -> list[Delivery]:
        query = (
            select(deliveries)
            .where(self._own(deliveries), deliveries.c.notice.in_(sorted(set(notices))))
            .order_by(deliveries.c.notice, deliveries.c.target)
        )
        return [_delivery(row) for row in self._all(query)]

    def due_deliveries(self, now_us: int) -> list[Delivery]:
        place = func.row_number().over(
            partition_by=deliveries.c.target, order_by=(deliveries.c.next_at_us, deliveries.c.notice)
        )
        due = (
            select(deliveries, place.label("place"))
            .where(self._own(deliveries), deliveries.c.next_at_us > 0, deliveries.c.next_at_us <= now_us)
            .subquery()
        )
        rows = self._all(select(due).where(due.c.place == 1).order_by(due.c.target))
        return [_delivery(row) for row in rows]
