"""The control store in memory: for one process, gone with it. Ships for simulation, rehearsal and tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from serinus.adapters import refusals
from serinus.adapters.memory_control_tx import MemoryControlTx
from serinus.adapters.memory_rows import ControlRows
from serinus.adapters.memory_table import Turns
from serinus.ports.control_store import ControlTx, Leader, Secrets
from serinus.ports.prices import NoPrices, PriceTable


def new_secrets(random_bytes: Callable[[int], bytes]) -> Secrets:
    """The keys of a new project."""
    return Secrets(mac_key=random_bytes(32).hex(), pseudonym_key=random_bytes(32).hex())


class MemoryControlStore:
    """All rows in this object; safe to use from several threads."""

    def __init__(self, random_bytes: Callable[[int], bytes], prices: PriceTable | None = None) -> None:
        self._prices = prices or NoPrices()
        self._turns = Turns()
        self._rows = ControlRows(self._turns.journal, new_secrets(random_bytes))
        self._leader: Leader | None = None
        self._changed = threading.Event()
        self._changed.set()

    @contextmanager
    def tx(self, epoch: int | None = None) -> Iterator[ControlTx]:
        with self._turns.turn():
            if epoch is not None and (self._leader is None or self._leader.epoch != epoch):
                raise refusals.deposed(epoch)
            yield MemoryControlTx(self._rows, self._prices)
        self._changed.set()

    def leader(self) -> Leader | None:
        return self._leader

    def claim(self, holder: str, seen: Leader | None) -> Leader | None:
        with self._turns.turn():
            if self._leader != seen:
                return None
            mine = Leader(holder=holder, epoch=seen.epoch + 1 if seen else 1, beat=seen.beat + 1 if seen else 1)
            self._leader = mine
        self._changed.set()
        return mine

    def beat(self, leader: Leader) -> Leader:
        with self._turns.turn():
            if self._leader is None or self._leader.epoch != leader.epoch:
                raise refusals.deposed(leader.epoch)
            self._leader = msgspec.structs.replace(self._leader, beat=self._leader.beat + 1)
            beaten = self._leader
        self._changed.set()
        return beaten

    def latest_snapshot(self) -> tuple[int, bytes] | None:
        with self._turns.turn():
            newest = max(self._rows.snapshots, default=0)
            return (newest, self._rows.snapshots[newest]) if newest else None

    def wait_change(self, timeout_s: float) -> bool:
        changed = self._changed.wait(timeout_s)
        self._changed.clear()
        return changed

    def close(self) -> None:
        """Nothing is held that needs closing; a waiting thread is woken."""
        self._changed.set()
