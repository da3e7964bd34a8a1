"""Forgetting the units of ended releases in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from typing import Any

from serinus.adapters.memory_table import Table, Undo
from serinus.core.records.broken_rule import BrokenRule
from serinus.core.records.labels import AwaitedUnit, LabelKey
from serinus.core.records.pairs import PairedUnit
from serinus.core.records.sums import Enrolment
from serinus.core.records.unit_measures import Spread, UnitKey, UnitSum, widened
from serinus.ports.tick_reads import Place

Spreads = Mapping[tuple[str, Place], Spread]


class UnitRows:
    """What is kept of units, the releases of which nothing is kept any more, and their spreads over them."""

    def __init__(self, journal: list[Undo]) -> None:
        self.enrolments: Table[tuple[str, bytes], Enrolment] = Table(journal)
        self.pairs: Table[PairedUnit, bool] = Table(journal)
        self.labels: Table[LabelKey, AwaitedUnit] = Table(journal)
        self.unit_sums: Table[UnitKey, UnitSum] = Table(journal)
        self.broken: Table[tuple[str, int, str], BrokenRule] = Table(journal)
        self.pruned: Table[str, int] = Table(journal)
        self.spreads: Table[tuple[str, Place], Spread] = Table(journal)


def _first(row: tuple[str, ...]) -> str:
    return row[0]


def _release(row: PairedUnit | LabelKey | UnitKey) -> str:
    return row.release


class MemoryPruning:
    """The part of a telemetry transaction that forgets units."""

    _units: UnitRows

    def releases_of_units(self) -> list[str]:
        return sorted({release_of(key) for table, release_of in self._tables() for key in table})

    def prune_units(self, release: str, at_us: int, most: int) -> int:
        if release not in self._units.pruned:
            self._units.pruned.put(release, at_us)
        left = most
        for table, release_of in self._tables():
            for key in list(islice((key for key in table if release_of(key) == release), left)):
                left -= 1
                if isinstance(key, UnitKey):
                    self._keep_spread(key, self._units.unit_sums[key])
                table.drop(key)
        return most - left

    def pruned(self, releases: Collection[str]) -> set[str]:
        return {release for release in releases if release in self._units.pruned}

    def _tables(self) -> Iterable[tuple[Table[Any, Any], Callable[[Any], str]]]:
        rows = self._units
        return (
            (rows.enrolments, _first),
            (rows.pairs, _release),
            (rows.labels, _release),
            (rows.unit_sums, _release),
            (rows.broken, _first),
        )

    def _keep_spread(self, key: UnitKey, held: UnitSum) -> None:
        place = key.release, (key.stratum, key.metric, key.arm)
        self._units.spreads.put(place, self._units.spreads.get(place, Spread()).plus(widened(held, held)))
