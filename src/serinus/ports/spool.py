"""Where a gateway worker leaves its call records, and what it knows of conversations of callers without our token."""

from __future__ import annotations

from typing import Protocol


class Spool(Protocol):
    """Takes frames in order; what it took survives the death of the process. For one thread."""

    @property
    def has_room(self) -> bool:
        """Whether more calls may be begun that must not go unrecorded: candidates are served only then."""
        ...

    @property
    def dropped(self) -> int:
        """Frames that found no room since the start."""
        ...

    def append(self, frame: bytes) -> bool:
        """Keep a whole frame (`core.records.frames.encode`); False: no room, counted as dropped."""
        ...


class Conversations(Protocol):
    """Best effort memory, shared by the workers of a host, of where a conversation began: a note of 64 bits."""

    def started(self, key: int, note: int) -> int:
        """What is noted for `key` (64 bits); notes and returns `note` when there is nothing."""
        ...
