"""The tick's reads of telemetry in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping

from serinus.adapters.enrolment import sum_order
from serinus.adapters.rollup_merge import US_PER_HOUR, add_hour
from serinus.core.records.sums import ArmRollup, Rollup, Sum, SumKey
from serinus.core.routing.assignment import Arm
from serinus.ports.tick_reads import Answered


class MemoryTickReads(ABC):
    """The tick's part of a telemetry transaction."""

    @abstractmethod
    def _all_sums(self) -> Iterable[tuple[SumKey, Sum]]: ...

    @abstractmethod
    def _buckets(self, width_s: int, from_us: int, to_us: int) -> Iterator[Rollup]: ...

    def sums_of(self, releases: Collection[str]) -> dict[str, list[tuple[SumKey, Sum]]]:
        found: dict[str, list[tuple[SumKey, Sum]]] = {}
        for key, value in self._all_sums():
            if key.release in releases:
                found.setdefault(key.release, []).append((key, value))
        return {release: sorted(rows, key=lambda row: sum_order(row[0])) for release, rows in found.items()}

    def answered(self, releases: Collection[str], from_us: int, to_us: int) -> dict[str, Answered]:
        found: dict[str, Answered] = {}
        for rollup in self._buckets(1, from_us, to_us):
            if rollup.release in releases:
                seconds = found.setdefault(rollup.release, {}).setdefault(rollup.arm, {})
                seconds[rollup.start_us] = seconds.get(rollup.start_us, 0) + rollup.requests
        return found

    def rollups_of(
        self, releases: Collection[str], width_s: int, from_us: int, to_us: int, fields: Collection[str]
    ) -> dict[str, list[ArmRollup]]:
        found: dict[str, list[ArmRollup]] = {release: [] for release in releases}
        for rollup in sorted(self._buckets(width_s, from_us, to_us), key=lambda one: one.start_us):
            if rollup.release in found:
                asked = {name: getattr(rollup, name) for name in fields}
                found[rollup.release].append(
                    ArmRollup(rollup.start_us, rollup.arm, rollup.requests, rollup.events, **asked)
                )
        return found

    def served_by(
        self, versions: Mapping[str, str], from_us: int, to_us: int, fields: Collection[str]
    ) -> dict[str, list[Rollup]]:
        found: dict[str, list[Rollup]] = {app: [] for app in versions}
        for rollup in sorted(self._buckets(60, from_us, to_us), key=lambda one: one.start_us):
            if versions.get(rollup.app) == rollup.version and rollup.arm != Arm.SHADOW:
                found[rollup.app].append(_bare(rollup, fields))
        return found

    def hours_of(
        self, app: str, version: str, from_us: int, to_us: int, apart: Collection[tuple[str, int]] = ()
    ) -> dict[int, tuple[int, dict[int, int]]]:
        found: dict[int, tuple[int, dict[int, int]]] = {}
        for rollup in self._buckets(60, from_us, to_us):
            served = (rollup.app, rollup.version) == (app, version) and rollup.arm != Arm.SHADOW
            if served and (rollup.release, rollup.stratum) not in apart:
                add_hour(found, rollup.start_us // US_PER_HOUR, rollup.requests, rollup.events, 1)
        return found


def _bare(rollup: Rollup, fields: Collection[str]) -> Rollup:
    """Only what was asked for, so that nothing works here that would not work on SQL."""
    return Rollup(
        host="",
        app="",
        release=rollup.release,
        stratum=rollup.stratum,
        arm=rollup.arm,
        version="",
        start_us=rollup.start_us,
        width_s=rollup.width_s,
        requests=rollup.requests,
        events=rollup.events,
        **{name: getattr(rollup, name) for name in fields},
    )
