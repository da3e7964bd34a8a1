"""Both stores in memory."""

from __future__ import annotations

from collections.abc import Callable

from serinus.adapters.memory_control import MemoryControlStore
from serinus.adapters.memory_telemetry import MemoryTelemetryStore
from serinus.ports.prices import PriceTable

__all__ = ["MemoryControlStore", "MemoryTelemetryStore", "memory_stores"]


def memory_stores(
    random_bytes: Callable[[int], bytes], prices: PriceTable | None = None
) -> tuple[MemoryControlStore, MemoryTelemetryStore]:
    """A control store and a telemetry store of this process."""
    return MemoryControlStore(random_bytes, prices), MemoryTelemetryStore()
