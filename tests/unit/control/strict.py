"""A telemetry store that nobody may ask outside of a transaction, as databases have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from serinus.ports.telemetry_store import TelemetryStore, TelemetryTx


class _OfItsTime:
    def __init__(self, tx: TelemetryTx) -> None:
        self._tx, self.over = tx, False

    def __getattr__(self, name: str) -> object:
        assert not self.over, f"{name} was asked after the transaction"
        return getattr(self._tx, name)


def hold_to_transactions(store: TelemetryStore) -> None:
    """Whoever asks a transaction of this store that is over fails from now on."""
    begun = store.tx

    @contextmanager
    def tx() -> Iterator[TelemetryTx]:
        with begun() as opened:
            one = _OfItsTime(opened)
            yield cast("TelemetryTx", one)
            one.over = True

    store.tx = tx  # type: ignore[method-assign]
