"""The outbox: notices to tell, and the delivery of each to each of its targets. Part of a control transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

import msgspec

from serinus.ports.page import Page


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox message; (release, seq, kind, subject) is unique, so nothing is announced twice.

    `actor` did what is told; `tick` or empty: no person. `routed_at_us`: when its deliveries were made;
    `delivered_at_us`: when every target had it. `acknowledge_by_us` (0: nobody has to) is when silence escalates.
    """

    release: str
    seq: int
    kind: str
    subject: str
    body: str
    at_us: int
    id: int = 0
    delivered_at_us: int = 0
    app: str = ""
    actor: str = ""
    routed_at_us: int = 0
    acknowledge_by_us: int = 0
    acknowledged_at_us: int = 0
    acknowledged_by: str = ""
    escalated_at_us: int = 0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One notice on its way to one target (a reference such as `env:SLACK_URL`). `next_at_us` 0: it is over, with
    `delivered_at_us` set, or given up. `fault` is why the last attempt failed, without any secret."""

    notice: int
    target: str
    route: str
    next_at_us: int
    attempts: int = 0
    delivered_at_us: int = 0
    fault: str = ""


class OutboxTx(Protocol):
    """The outbox part of a control transaction."""

    def enqueue(self, notice: Notice) -> bool:
        """Put into the outbox; False when it is there already. Nothing of its progress is taken over."""
        ...

    def notice(self, id: int) -> Notice | None: ...
    def notices(self, page: Page, app: str | None = None, waiting: bool = False) -> tuple[list[Notice], str]:
        """Newest first, and the next cursor. `waiting`: only those that somebody must still acknowledge."""
        ...

    def undelivered(self, limit: int) -> list[Notice]:
        """Those that have not reached all their targets, oldest first."""
        ...

    def unrouted(self, limit: int) -> list[Notice]:
        """Those without deliveries yet, oldest first."""
        ...

    def overdue(self, now_us: int, limit: int) -> list[Notice]:
        """Those whose `acknowledge_by_us` has come, unacknowledged and not escalated, oldest first."""
        ...

    def replace_notice(self, notice: Notice) -> None:
        """Keep the progress of a notice that is there; what it tells never changes."""
        ...

    def mark_delivered(self, id: int, at_us: int) -> None:
        """Note the first time it had reached all; later calls change nothing."""
        ...

    def put_deliveries(self, given: Iterable[Delivery]) -> None:
        """Insert or replace by notice and target."""
        ...

    def deliveries(self, notices: Collection[int]) -> list[Delivery]:
        """All of these notices, by notice and target."""
        ...

    def due_deliveries(self, now_us: int) -> list[Delivery]:
        """For each target the one delivery that is due and has been so for longest."""
        ...
