"""The outbox and the signatures of the in-memory control store."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from serinus.adapters import cursors
from serinus.adapters.memory_rows import ControlRows
from serinus.ports.outbox import Delivery, Notice
from serinus.ports.page import Page
from serinus.ports.signatures import Signature


class MemoryOutbox:
    """These parts of a transaction."""

    _rows: ControlRows

    def enqueue(self, notice: Notice) -> bool:
        key = (notice.release, notice.seq, notice.kind, notice.subject)
        if any((n.release, n.seq, n.kind, n.subject) == key for n in self._rows.outbox.values()):
            return False
        id = len(self._rows.outbox) + 1
        self._rows.outbox.put(id, fresh(notice, id))
        return True

    def notice(self, id: int) -> Notice | None:
        return self._rows.outbox.get(id)

    def notices(self, page: Page, app: str | None = None, waiting: bool = False) -> tuple[list[Notice], str]:
        end = cursors.before(page)
        fitting = [
            n
            for n in self._rows.outbox.values()
            if n.id < end
            and app in (None, n.app)
            and (not waiting or (n.acknowledge_by_us and not n.acknowledged_at_us))
        ]
        return cursors.cut(fitting[::-1][: page.limit + 1], page, lambda notice: notice.id)

    def undelivered(self, limit: int) -> list[Notice]:
        return [n for n in self._rows.outbox.values() if not n.delivered_at_us][:limit]

    def unrouted(self, limit: int) -> list[Notice]:
        return [n for n in self._rows.outbox.values() if not n.routed_at_us][:limit]

    def overdue(self, now_us: int, limit: int) -> list[Notice]:
        return [
            n
            for n in self._rows.outbox.values()
            if 0 < n.acknowledge_by_us <= now_us and not n.acknowledged_at_us and not n.escalated_at_us
        ][:limit]

    def replace_notice(self, notice: Notice) -> None:
        known = self._rows.outbox.get(notice.id)
        if known is not None:
            self._rows.outbox.put(notice.id, msgspec.structs.replace(known, **progress_of(notice)))

    def mark_delivered(self, id: int, at_us: int) -> None:
        notice = self._rows.outbox.get(id)
        if notice and not notice.delivered_at_us:
            self._rows.outbox.put(id, msgspec.structs.replace(notice, delivered_at_us=at_us))

    def put_deliveries(self, given: Iterable[Delivery]) -> None:
        for delivery in given:
            self._rows.deliveries.put((delivery.notice, delivery.target), delivery)

    def deliveries(self, notices: Collection[int]) -> list[Delivery]:
        found = (d for d in self._rows.deliveries.values() if d.notice in notices)
        return sorted(found, key=lambda d: (d.notice, d.target))

    def due_deliveries(self, now_us: int) -> list[Delivery]:
        first: dict[str, Delivery] = {}
        due = (d for d in self._rows.deliveries.values() if 0 < d.next_at_us <= now_us)
        for delivery in sorted(due, key=lambda d: (d.next_at_us, d.notice)):
            first.setdefault(delivery.target, delivery)
        return sorted(first.values(), key=lambda d: d.target)

    def insert_signature(self, signature: Signature) -> bool:
        key = (signature.app, signature.digest, signature.key_id)
        if key in self._rows.signatures:
            return False
        self._rows.signatures.put(key, signature)
        return True

    def signatures(self, app: str, digest: str) -> list[Signature]:
        own = (s for s in self._rows.signatures.values() if (s.app, s.digest) == (app, digest))
        return sorted(own, key=lambda s: (s.signed_at_us, s.key_id))


_TOLD = frozenset({"release", "seq", "kind", "subject", "body", "at_us", "app", "actor", "id"})


def progress_of(notice: Notice) -> dict[str, object]:
    """The fields of a notice that change."""
    return {name: value for name, value in msgspec.structs.asdict(notice).items() if name not in _TOLD}


def fresh(notice: Notice, id: int) -> Notice:
    """A notice as it enters the outbox."""
    told = {name: value for name, value in msgspec.structs.asdict(notice).items() if name in _TOLD}
    return Notice(**{**told, "id": id})
