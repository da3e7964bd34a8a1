"""Do a transaction again when the database gave way to another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from serinus.core.errors import Contended
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.telemetry_store import TelemetryStore, TelemetryTx

T = TypeVar("T")

ATTEMPTS = 4


def run(store: ControlStore, fn: Callable[[ControlTx], T], epoch: int | None = None) -> T:
    """What `fn` returns from one committed transaction. It is called again, up to four times in all, while the store
    is Contended, so it must have no effect but through its transaction; any other error passes through at once."""
    for _ in range(ATTEMPTS - 1):
        try:
            with store.tx(epoch) as tx:
                return fn(tx)
        except Contended:
            continue
    with store.tx(epoch) as tx:
        return fn(tx)


def run_telemetry(store: TelemetryStore, fn: Callable[[TelemetryTx], T]) -> T:
    """The same for the telemetry store."""
    for _ in range(ATTEMPTS - 1):
        try:
            with store.tx() as tx:
                return fn(tx)
        except Contended:
            continue
    with store.tx() as tx:
        return fn(tx)
