"""Kept answers and scores in memory: for one process, gone with it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from serinus.ports.results import Result, ResultKey


class MemoryResults:
    """All of them in a mapping."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[ResultKey, tuple[Result, int]] = {}

    def kept(self, keys: Collection[ResultKey]) -> list[Result]:
        with self._lock:
            return [self._rows[key][0] for key in keys if key in self._rows]

    def keep(self, results: Sequence[Result], at_us: int) -> None:
        with self._lock:
            self._rows.update({one.key: (one, at_us) for one in results})

    def forget(self, before_us: int) -> int:
        with self._lock:
            old = [key for key, (_, at_us) in self._rows.items() if at_us < before_us]
            for key in old:
                del self._rows[key]
            return len(old)

    def close(self) -> None:
        """Nothing is held that needs closing."""
