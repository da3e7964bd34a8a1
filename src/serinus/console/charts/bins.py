"""Rollups of a release gathered into bins of equal width, so that a chart has some fifty points whatever its span."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from serinus.core.records.histogram import EMPTY, Histogram, decode
from serinus.core.records.sums import Rollup
from serinus.core.routing.assignment import COMPARED, Arm

POINTS = 48
SECONDS_UP_TO_S = 3600
"""Beyond this span minutes are read: rollups by the second are many, and kept for two days only."""
_WIDTHS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_US = 1_000_000


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """What one arm did in one stretch of time. `events` by bit; `latency` of calls in µs.
    `cost_nano` is that of the `priced` calls."""

    start_us: int
    arm: Arm
    requests: int = 0
    events: dict[int, int] = {}
    latency: Histogram = EMPTY
    priced: int = 0
    cost_nano: int = 0


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """The stretch that is shown: from, to (µs), the width of a bin and of the rollups it is made of (seconds)."""

    from_us: int
    to_us: int
    width_s: int

    @property
    def rollup_s(self) -> int:
        """The width of rollup to read."""
        by_second = self.width_s < 60 or self.to_us - self.from_us <= SECONDS_UP_TO_S * _US
        return 1 if by_second else 60


def grid(from_us: int, to_us: int) -> Grid:
    """The grid over a span, its bins at whole multiples of their width."""
    span_s = max(1, (to_us - from_us) // _US)
    width_s = next((w for w in _WIDTHS_S if span_s / w <= POINTS), _WIDTHS_S[-1])
    width_us = width_s * _US
    return Grid(from_us=from_us // width_us * width_us, to_us=to_us, width_s=width_s)


def bins(found: Iterable[Rollup], over: Grid) -> list[Bin]:
    """The compared arms' bins that hold a call, in order of time."""
    width_us = over.width_s * _US
    gathered: dict[tuple[int, int], list[Rollup]] = {}
    for rollup in found:
        if rollup.arm in COMPARED:
            gathered.setdefault((rollup.start_us // width_us * width_us, rollup.arm), []).append(rollup)
    return [_bin(start_us, Arm(arm), rollups) for (start_us, arm), rollups in sorted(gathered.items())]


def _bin(start_us: int, arm: Arm, rollups: Sequence[Rollup]) -> Bin:
    events: dict[int, int] = {}
    latency = EMPTY
    for rollup in rollups:
        for bit, number in rollup.events.items():
            events[bit] = events.get(bit, 0) + number
        latency = latency.merge(decode(rollup.latency))
    requests = sum(rollup.requests for rollup in rollups)
    return Bin(
        start_us=start_us,
        arm=arm,
        requests=requests,
        events=events,
        latency=latency,
        priced=sum(rollup.priced for rollup in rollups),
        cost_nano=sum(rollup.cost_nano for rollup in rollups),
    )
