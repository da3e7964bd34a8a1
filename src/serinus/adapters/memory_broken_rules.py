"""Which rules with zero tolerance were broken, in memory."""

from __future__ import annotations

from collections.abc import Collection

from serinus.adapters.memory_pruning import UnitRows
from serinus.core.records.broken_rule import BrokenRule, newest


class MemoryBrokenRules:
    """The part of a telemetry transaction about broken rules."""

    _units: UnitRows

    def note_broken(self, batch: Collection[BrokenRule]) -> None:
        for one in newest(batch):
            known = self._units.broken.get(one.key)
            if known is None or one.at_us > known.at_us:
                self._units.broken.put(one.key, one)

    def broken_rules(self, release: str) -> list[BrokenRule]:
        return sorted(one for one in self._units.broken.values() if one.release == release)
