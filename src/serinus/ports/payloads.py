"""Kept texts of calls: read one by one, deleted for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from serinus.core.records.payload import LoggedPayload


class PayloadBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of all Payloads in bytes [start, end) of a spool segment."""

    spool: str
    start: int
    end: int
    rows: Sequence[LoggedPayload]


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """All texts of a unit's calls up to `at_us` are to be gone."""

    unit: str
    at_us: int


class ErasureTx(Protocol):
    """The control transaction's part: what was erased must not come back from a host that ships late."""

    def put_erasure(self, erasure: Erasure) -> None:
        """Remember it; of one unit's the newest counts."""
        ...

    def erasures(self, after_us: int) -> list[Erasure]:
        """All of them since a time, in order of unit."""
        ...


class Payloads(Protocol):
    """The texts where they lie."""

    def payload(self, call: str, begun_us: int) -> LoggedPayload | None:
        """Those of a call that began at `begun_us`; None when none are kept."""
        ...

    def erase(self, erasures: Sequence[Erasure]) -> int:
        """Delete what these name; how many calls' texts. On return it is gone from the disk. StoreUnavailable while
        another process deletes or gathers."""
        ...

    def expire(self, before_us: Mapping[str, int], others_before_us: int) -> int:
        """Delete texts of an app from before its time, and of apps that are not named from before the other; how
        many. Whole days only: a text is kept up to a day longer."""
        ...
