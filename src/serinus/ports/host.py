"""A gateway host as its agent sees it: workers and their spools to read, snapshot and lease to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from serinus.core.fleet import WorkerStatus
from serinus.core.records.record import Record


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """A worker of which files exist. `alive`: it holds its lock; `status` None: it has not reported yet."""

    instance: str
    alive: bool
    status: WorkerStatus | None = None


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A spool segment on disk. `used`: its writer has put at least one frame into it; `size` in bytes."""

    number: int
    used: bool
    size: int


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Frames read from one segment: (record, offset behind it) each, None for a kind this reader does not know.

    `tip`: nothing whole follows `end` at the time of reading.
    """

    end: int
    frames: Sequence[tuple[Record | None, int]]
    tip: bool


class Host(Protocol):
    """The host directory. Methods raise OSError when the disk fails, and FormatError for files that cannot be read."""

    def workers(self) -> list[Presence]:
        """Every worker with files here, dead ones included, in order of instance."""
        ...

    def segments(self, instance: str) -> list[Segment]:
        """A worker's segments in order of number."""
        ...

    def read(self, instance: str, number: int, start: int, limit: int) -> Chunk:
        """Whole frames of a segment from byte `start` (0: its beginning) on, about `limit` bytes of them."""
        ...

    def remove_segment(self, instance: str, number: int) -> None:
        """Delete a segment; nothing happens when it is gone already."""
        ...

    def remove_worker(self, instance: str) -> None:
        """Delete all that a dead worker left, segments in ascending order."""
        ...

    def write_snapshot(self, raw: bytes) -> None:
        """Replace the snapshot as a whole, readable by its owner only, and durable."""
        ...

    def snapshot(self) -> bytes | None:
        """The snapshot on disk; None when there is none."""
        ...

    def write_lease(self, raw: bytes) -> None:
        """Overwrite the lease in place."""
        ...

    def lease(self) -> bytes:
        """The lease on disk; empty when there is none."""
        ...
