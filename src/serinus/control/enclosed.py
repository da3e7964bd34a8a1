"""A control store inside a transaction that is open already: what a use-case does commits together with the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from serinus.core.errors import Contended
from serinus.ports.control_store import ControlStore, ControlTx, Leader


class Enclosed:
    """A control store whose transactions are all the one that is open: what a use-case does and the record of its
    answer commit together. A transaction that the database gave up stays given up; only its owner can begin anew."""

    def __init__(self, store: ControlStore, tx: ControlTx) -> None:
        self._store = store
        self._tx = tx
        self._given_up: Contended | None = None

    def tx(self, epoch: int | None = None) -> AbstractContextManager[ControlTx]:
        """The open transaction."""
        return self._join()

    @contextmanager
    def _join(self) -> Iterator[ControlTx]:
        if self._given_up:
            raise self._given_up
        try:
            yield self._tx
        except Contended as error:
            self._given_up = error
            raise

    def leader(self) -> Leader | None:
        """As the store."""
        return self._store.leader()

    def claim(self, holder: str, seen: Leader | None) -> Leader | None:
        """As the store."""
        return self._store.claim(holder, seen)

    def beat(self, leader: Leader) -> Leader:
        """As the store."""
        return self._store.beat(leader)

    def latest_snapshot(self) -> tuple[int, bytes] | None:
        """As the store."""
        return self._store.latest_snapshot()

    def wait_change(self, timeout_s: float) -> bool:
        """As the store."""
        return self._store.wait_change(timeout_s)

    def close(self) -> None:
        """As the store."""
        self._store.close()
