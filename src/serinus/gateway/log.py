"""The worker's log: JSON lines to one stream. Never a body, a key, a unit, or a token."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TextIO

import orjson

_REPEAT_NS = 1_000_000_000


class Log:
    """Writes events with their fields. `now_us` stamps, `mono_ns` spaces repeats out."""

    def __init__(
        self, stream: TextIO, now_us: Callable[[], int], mono_ns: Callable[[], int], **bound: str | int
    ) -> None:
        self._stream = stream
        self._now_us = now_us
        self._mono_ns = mono_ns
        self._bound = bound
        self._last: dict[tuple[str, str], int] = {}
        self._unsaid: dict[tuple[str, str], int] = {}

    def write(self, level: str, event: str, **fields: object) -> None:
        """One line; where it cannot be written (the disk is full) it is lost, and nothing else."""
        line = orjson.dumps(
            {"at_us": self._now_us(), "level": level, "event": event, **self._bound, **fields}, default=str
        )
        with contextlib.suppress(OSError):
            self._stream.write(line.decode() + "\n")
            self._stream.flush()

    def write_spaced(self, level: str, event: str, subject: str, **fields: object) -> None:
        """At most one line a second per event and subject; `unsaid` counts those left out before it."""
        key = (event, subject)
        now = self._mono_ns()
        if now - self._last.get(key, -_REPEAT_NS) < _REPEAT_NS:
            self._unsaid[key] = self._unsaid.get(key, 0) + 1
            return
        self._last[key] = now
        self.write(level, event, subject=subject, unsaid=self._unsaid.pop(key, 0), **fields)
