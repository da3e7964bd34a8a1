"""Gauges from rollups: one number of an arm over a window, and how many calls it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from serinus.core.metrics import REGISTRY, Bounded, Quantile, Ratio
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.gauge import TRAFFIC
from serinus.core.records.histogram import EMPTY, decode
from serinus.core.records.labels import SCALE
from serinus.core.records.score_sums import ScoreSum
from serinus.core.records.sums import Rollup
from serinus.core.stats.means import mean_of

_US_PER_MS = 1000.0


def weigh(name: str, rollups: Iterable[Rollup], window_s: float) -> Measured:
    """The gauge `name` over these rollups of one arm, in its unit; no value where nothing was counted."""
    found = list(rollups)
    calls = sum(one.requests for one in found)
    if name == TRAFFIC:
        return Measured(value=calls / window_s, samples=calls)
    watched = REGISTRY[name]
    if isinstance(watched.measure, Quantile):
        return _quantile(watched.measure, found)
    if isinstance(watched.measure, Ratio):
        return _ratio(watched.measure, found)
    hits = sum(one.events.get(watched.event, 0) for one in found)
    return Measured(value=hits / calls if calls else None, samples=calls)


def against(seen: Measured, baseline: Measured, named: str) -> Measured:
    """The measurement beside what it is compared with."""
    return Measured(
        value=seen.value,
        samples=seen.samples,
        baseline=baseline.value,
        baseline_samples=baseline.samples,
        against=named,
        fault=seen.fault,
        error=seen.error,
        baseline_error=baseline.error,
    )


def weigh_scores(name: str, sums: Iterable[ScoreSum]) -> Measured:
    """The mean of these scores of a metric, on its scale."""
    whole = ScoreSum()
    for one in sums:
        whole = whole.plus(one)
    scale = REGISTRY[name].measure
    mean = mean_of(whole.count, whole.total / SCALE, whole.squares / SCALE)
    if mean is None or not isinstance(scale, Bounded):
        return Measured(samples=0)
    mean = mean.on(scale.low, scale.high)
    return Measured(value=mean.value, samples=mean.scores, error=mean.error)


def _quantile(measure: Quantile, rollups: Sequence[Rollup]) -> Measured:
    seen = EMPTY
    for rollup in rollups:
        seen = seen.merge(decode(getattr(rollup, measure.of)))
    value_us = seen.quantile(measure.q)
    return Measured(value=None if value_us is None else value_us / _US_PER_MS, samples=seen.count)


def _ratio(measure: Ratio, rollups: Sequence[Rollup]) -> Measured:
    calls = sum(getattr(one, measure.calls) for one in rollups)
    over = sum(getattr(one, measure.over) for one in rollups)
    under = sum(getattr(one, measure.under) for one in rollups)
    return Measured(value=measure.value(over, under), samples=calls)
