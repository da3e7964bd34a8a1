"""The event log: one row per call, appended in batches that name the part of the spool they stand for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import msgspec

from serinus.core.records.call import Call


class LogBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of all Ends in bytes [start, end) of a spool segment (`instance-number`)."""

    spool: str
    start: int
    end: int
    rows: Sequence[Call]


class CallQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls: all conditions given hold; times in µs of the call's end, from inclusive and to exclusive."""

    call: str | None = None
    app: str | None = None
    release: str | None = None
    arm: str | None = None
    version: str | None = None
    unit: str | None = None
    event: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    limit: int | None = None


class EventLog(Protocol):
    """The log itself. Writing a batch that is there already changes nothing."""

    def covered(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Ends; 0 for an unknown one."""
        ...

    def write(self, batch: LogBatch) -> None:
        """Append a batch; on return it is durable, and before that invisible. `start` must be what `covered` says."""
        ...

    def gather(self, spool: str) -> None:
        """No more will come of this segment: keep it in as few pieces as the log can."""
        ...

    def forget(self, spools: Collection[str]) -> None:
        """Nobody will ask what is covered of these segments again; their rows stay."""
        ...

    def ended(self, instance: str, calls: Collection[str]) -> set[str]:
        """Which of these printed call ids have a row in what came from this worker."""
        ...

    def calls(self, query: CallQuery) -> list[Call]:
        """Rows in order of their end, newest first when limited."""
        ...
