"""Erasures in memory."""

from __future__ import annotations

from serinus.adapters.memory_rows import ControlRows
from serinus.ports.payloads import Erasure


class MemoryErasures:
    """The erasures part of a control transaction."""

    _rows: ControlRows

    def put_erasure(self, erasure: Erasure) -> None:
        self._rows.erasures.put(erasure.unit, erasure)

    def erasures(self, after_us: int) -> list[Erasure]:
        found = (one for one in self._rows.erasures.values() if one.at_us > after_us)
        return sorted(found, key=lambda one: one.unit)
