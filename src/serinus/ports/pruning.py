"""Forgetting the units of releases that ended long ago."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class PruningTx(Protocol):
    """The part of a telemetry transaction that forgets units."""

    def releases_of_units(self) -> list[str]:
        """The releases of which rows of single units are kept, in order; quick, however many rows there are."""
        ...

    def prune_units(self, release: str, at_us: int, most: int) -> int:
        """Delete up to `most` rows that are kept of single units of an ended release: enrolments, pairs, labels,
        buckets of sums over units, and the calls that broke a rule; how many. Its sums stay, and the spreads over its
        units. From the first call on it is `pruned`."""
        ...

    def pruned(self, releases: Collection[str]) -> set[str]:
        """Those of these releases whose units are forgotten: what comes late must not count, as nobody can tell any
        more whether it has counted before."""
        ...
