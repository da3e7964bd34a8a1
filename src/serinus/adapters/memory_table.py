"""Tables in memory with an undo journal: the rollback of the in-memory stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

Undo = Callable[[], object]


class Table(Mapping[K, V], Generic[K, V]):
    """A mapping whose changes note in the journal how to take them back. Order is that of insertion only in tables
    of which nothing is ever dropped (an undone drop puts the row last)."""

    def __init__(self, journal: list[Undo]) -> None:
        self._rows: dict[K, V] = {}
        self._journal = journal

    def __getitem__(self, key: K) -> V:
        return self._rows[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: K, value: V) -> None:
        """Insert or replace."""
        if key in self._rows:
            before = self._rows[key]
            self._journal.append(lambda: self._rows.__setitem__(key, before))
        else:
            self._journal.append(lambda: self._rows.pop(key))
        self._rows[key] = value

    def drop(self, key: K) -> None:
        """Delete; nothing happens when there is no such key."""
        if key in self._rows:
            before = self._rows.pop(key)
            self._journal.append(lambda: self._rows.__setitem__(key, before))


class Turns:
    """One transaction after the other; what a failed one did is taken back in reverse order."""

    def __init__(self) -> None:
        self.journal: list[Undo] = []
        self._lock = threading.Lock()
        self._owner = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the transaction before this one, keep its changes at the end, undo them on any exception."""
        if self._owner == threading.get_ident():
            raise RuntimeError("a transaction within a transaction")
        with self._lock:
            self._owner = threading.get_ident()
            try:
                yield
            except BaseException:
                for undo in reversed(self.journal):
                    undo()
                raise
            finally:
                self.journal.clear()
                self._owner = 0
