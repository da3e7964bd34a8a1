"""What all pairs of a release say, from the sums of its shadow: exact counts, so that a later part is a difference."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.core.records.sums import PAIRS, SHADOW_STRATUM, Sum, SumKey
from serinus.core.routing.assignment import Arm

MEASURE = "pair."


class EventPairs(msgspec.Struct, frozen=True, array_like=True):
    """Units in whose pair only the candidate, only the baseline, or both had an event."""

    candidate_only: int = 0
    baseline_only: int = 0
    both: int = 0

    def minus(self, other: EventPairs) -> EventPairs:
        """What came after `other`."""
        return EventPairs(
            self.candidate_only - other.candidate_only,
            self.baseline_only - other.baseline_only,
            self.both - other.both,
        )


class MeasurePairs(msgspec.Struct, frozen=True, array_like=True):
    """Units whose pair has a measure on both sides; the sums of log(candidate/baseline) × PAIR_SCALE and its square."""

    count: int = 0
    total: int = 0
    squares: int = 0

    def minus(self, other: MeasurePairs) -> MeasurePairs:
        """What came after `other`."""
        return MeasurePairs(self.count - other.count, self.total - other.total, self.squares - other.squares)


class PairTotals(msgspec.Struct, frozen=True, kw_only=True):
    """All units with a pair, by event metric and by measure."""

    units: int = 0
    events: dict[str, EventPairs] = {}
    measures: dict[str, MeasurePairs] = {}

    def minus(self, other: PairTotals) -> PairTotals:
        """What came after `other`, which was read earlier."""
        return PairTotals(
            units=self.units - other.units,
            events={name: self.event(name).minus(other.event(name)) for name in self.events},
            measures={name: self.measure(name).minus(other.measure(name)) for name in self.measures},
        )

    def event(self, name: str) -> EventPairs:
        """Those of one event metric; zeros when there is none."""
        return self.events.get(name, EventPairs())

    def measure(self, name: str) -> MeasurePairs:
        """Those of one measure; zeros when there is none."""
        return self.measures.get(name, MeasurePairs())


def pair_totals(sums: Sequence[tuple[SumKey, Sum]]) -> PairTotals:
    """The totals in a release's sums; all others are passed over."""
    units = 0
    events: dict[str, list[int]] = {}
    measures: dict[str, MeasurePairs] = {}
    place = {Arm.CANDIDATE: 0, Arm.CONTROL: 1, Arm.SHADOW: 2}
    for key, value in sums:
        if key.stratum != SHADOW_STRATUM or key.arm not in place:
            continue
        if key.metric == PAIRS:
            units += value.total
        elif key.metric.startswith(MEASURE):
            measures[key.metric.removeprefix(MEASURE)] = MeasurePairs(value.count, value.total, value.squares)
        else:
            events.setdefault(key.metric, [0, 0, 0])[place[Arm(key.arm)]] += value.total
    return PairTotals(
        units=units,
        events={name: EventPairs(*found) for name, found in sorted(events.items())},
        measures=dict(sorted(measures.items())),
    )
