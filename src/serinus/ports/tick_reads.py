"""What a round of the tick reads of all active releases in one question each, whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from serinus.core.records.labels import AwaitedUnit
from serinus.core.records.sums import ArmRollup, Rollup, Sum, SumKey
from serinus.core.records.unit_measures import Spread

Answered = dict[int, dict[int, int]]
"""Arm → start of the second (µs) → answered calls."""


Place = tuple[int, str, int]
"""Stratum, metric and arm."""


class TickReads(Protocol):
    """The tick's part of a telemetry transaction."""

    def sums_of(self, releases: Collection[str]) -> dict[str, list[tuple[SumKey, Sum]]]:
        """The sums of each release that has any, in their usual order."""
        ...

    def spreads_of(self, releases: Collection[str]) -> dict[str, dict[Place, Spread]]:
        """The spreads over the buckets of units of each release that has any."""
        ...

    def answered(self, releases: Collection[str], from_us: int, to_us: int) -> dict[str, Answered]:
        """Answered calls by arm and second with from_us ≤ start < to_us, over all hosts, strata and versions."""
        ...

    def rollups_of(
        self, releases: Collection[str], width_s: int, from_us: int, to_us: int, fields: Collection[str]
    ) -> dict[str, list[ArmRollup]]:
        """The rollups of each release with from_us ≤ start < to_us, in any order; those of an arm in a bucket may have
        been added up, or some of them. Filled are `requests`, `events` and these `fields`."""
        ...

    def served_by(
        self, versions: Mapping[str, str], from_us: int, to_us: int, fields: Collection[str]
    ) -> dict[str, list[Rollup]]:
        """By app, the minutes with from_us ≤ start < to_us of one version each, in whatever arm or release it served
        users, in order of start and not merged; mirrored calls are none. Filled are, beside what they belong to,
        `requests`, `events` and these `fields`; host, app and version are not."""
        ...

    def hours_of(
        self, app: str, version: str, from_us: int, to_us: int, apart: Collection[tuple[str, int]] = ()
    ) -> dict[int, tuple[int, dict[int, int]]]:
        """By clock hour since 1970, what a version served users in its minutes with from_us ≤ start < to_us: calls, and
        event bit → calls with it. Mirrored calls are none, nor those of the strata of releases `apart`."""
        ...

    def awaited(
        self, release: str, metric: str, after: tuple[int, bytes], until_us: int, most: int
    ) -> list[AwaitedUnit]:
        """The units of a release whose label of a metric is awaited, in the order of (exposed_at, unit), beyond `after`
        and first exposed at `until_us` or before; the first `most` of them."""
        ...
