"""Which rules with zero tolerance the answers of a release broke: part of a telemetry transaction."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from serinus.core.records.broken_rule import BrokenRule


class BrokenRuleTx(Protocol):
    """One for each release, arm and rule: the newest."""

    def note_broken(self, batch: Collection[BrokenRule]) -> None:
        """Keep each that is newer than what is kept. At most once in a transaction, after the sums, so that hosts lock
        rows in one order."""
        ...

    def broken_rules(self, release: str) -> list[BrokenRule]:
        """Those of a release, by arm and rule."""
        ...
