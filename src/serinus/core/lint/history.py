"""An app's traffic from what its call log counts."""

from __future__ import annotations

import math

import msgspec

from serinus.core.lint.traffic import HOURS_OF_WEEK, Graded, Traffic
from serinus.core.records.labels import scale_of

WINDOWS_H = (1, 6, 24, 72, 168, 672)
"""Windows in which distinct units are counted."""
_US_PER_HOUR = 3_600_000_000
_LEAST_SCORES = 20
_LEAST_UNITS = 100
"""Units of a window from which on the variance of their sums tells something."""
_MONDAY = 72
"""Hours from the beginning of the week to the beginning of time, a Thursday."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a call log counts of an app between its first and last call (µs): calls in each hour since 1970, mean
    distinct units in whole windows of so many hours, the live version's calls with each event and in all, the calls of
    the busiest unit, and the mean cost of those whose cost is known (nano-USD; None: of none). `quantiles`: of the live
    version's `latency` and `ttft`, pairs (share of calls, ms). `scores`: how many of the live version's calls have a
    score, and the mean and standard deviation of these, on its own scale. `spreads`: of what the live version's calls
    cost and wrote, by whole windows of so many hours: units in them, and the variance of their sums
    (`ratios.unit_variance`)."""

    first_us: int
    last_us: int
    hours: dict[int, int]
    distinct: dict[int, float]
    live_calls: int
    live_events: dict[str, int]
    heaviest: int
    cost_nano: float | None = None
    quantiles: dict[str, tuple[tuple[float, float], ...]] = {}
    scores: dict[str, tuple[int, float, float]] = {}
    spreads: dict[str, dict[int, tuple[int, float]]] = {}


def traffic_of(counted: Counted, metrics: tuple[str, ...]) -> Traffic | None:
    """The traffic; None where less than an hour of calls is known. `metrics` are the events whose rates are wanted."""
    span_h = (counted.last_us - counted.first_us) / _US_PER_HOUR
    calls = sum(counted.hours.values())
    reach = [(float(hours), counted.distinct[hours]) for hours in WINDOWS_H if counted.distinct.get(hours, 0) > 0]
    if span_h < 1 or not calls or not reach:
        return None
    live = counted.live_calls
    return Traffic(
        days=span_h / 24,
        hourly=_hourly(counted),
        reach=_growing(reach),
        rates={name: counted.live_events.get(name, 0) / live for name in metrics} if live else {},
        heaviest_unit=counted.heaviest / calls,
        cost_nano=-1 if counted.cost_nano is None else round(counted.cost_nano),
        quantiles={measure: found for measure, pairs in counted.quantiles.items() if (found := _rising(pairs))},
        graded=_graded(counted),
        spreads={name: pairs for name, found in counted.spreads.items() if (pairs := _spread(found))},
    )


def _graded(counted: Counted) -> dict[str, Graded]:
    """Those on a scale, as shares of it; fewer than a few tell nothing of how they spread."""
    found = {}
    for name, (calls, mean, sd) in counted.scores.items():
        scale = scale_of(name)
        at = scale.share(mean) if scale else None
        if scale and at is not None and calls >= _LEAST_SCORES and counted.live_calls:
            width = scale.high - scale.low
            found[name] = Graded(share=min(1.0, calls / counted.live_calls), mean=at, sd=min(1.0, sd / width))
    return found


def _spread(found: dict[int, tuple[int, float]]) -> tuple[tuple[float, float], ...]:
    """Of windows with enough units whose sums vary at all."""
    return tuple(
        (float(hours), variance)
        for hours, (units, variance) in sorted(found.items())
        if units >= _LEAST_UNITS and 0 < variance < math.inf
    )


def _hourly(counted: Counted) -> tuple[float, ...]:
    """Mean calls in each hour of the week. An hour of the week that was not in the log is as the same hour of other
    days, or as the mean of all. The first and the last hour, which were cut, count only where there is nothing else."""
    first, last = counted.first_us // _US_PER_HOUR, counted.last_us // _US_PER_HOUR
    whole = range(first + 1, last) if last - first > 1 else range(first, last + 1)
    seen: dict[int, list[int]] = {}
    for hour in whole:
        seen.setdefault((hour + _MONDAY) % HOURS_OF_WEEK, []).append(counted.hours.get(hour, 0))
    mean = math.fsum(sum(counts) for counts in seen.values()) / sum(map(len, seen.values()))

    def of(hour: int) -> float:
        counts = seen.get(hour) or [n for other, found in seen.items() if other % 24 == hour % 24 for n in found]
        return sum(counts) / len(counts) if counts else mean

    return tuple(of(hour) for hour in range(HOURS_OF_WEEK))


def _growing(reach: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Longer windows are fewer, so their mean may lie below a shorter one's by chance: then it is taken as equal."""
    most, grown = 0.0, []
    for hours, units in reach:
        most = max(most, units)
        grown.append((hours, most))
    return tuple(grown)


def _rising(pairs: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Those above 0 ms; where calls are so alike that a larger share does not take longer, one of them."""
    found: list[tuple[float, float]] = []
    for share, ms in sorted(pairs):
        if ms > (found[-1][1] if found else 0.0):
            found.append((share, ms))
    return tuple(found)
