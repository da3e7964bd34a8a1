"""Time buckets as an absolute limit weighs them, from rollups: what adds up, and what people read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from serinus.core.decision.observations import Bucket
from serinus.core.metrics import Metric, Quantile, Ratio, metric
from serinus.core.pipeline.limit import Limit
from serinus.core.records.histogram import EMPTY, Histogram, decode
from serinus.core.records.sums import ArmRollup
from serinus.core.routing.assignment import Arm

_US_PER_MS = 1000.0
_COMPARED = frozenset({int(Arm.CANDIDATE), int(Arm.CONTROL)})


class _Weighed(NamedTuple):
    """One arm in one bucket; see Bucket."""

    calls: int
    bad: int
    base: int = 0
    value: float | None = None


def limit_buckets(limit: Limit, rollups: Iterable[ArmRollup]) -> tuple[Bucket, ...]:
    """The buckets of a limit, oldest first, from the rollups of its width."""
    judged = metric(limit.metric)
    found: dict[int, dict[int, list[ArmRollup]]] = {}
    for rollup in rollups:
        if rollup.arm in _COMPARED:
            found.setdefault(rollup.start_us, {}).setdefault(rollup.arm, []).append(rollup)
    return tuple(_bucket(limit, judged, start_us, found[start_us]) for start_us in sorted(found))


def weighed_fields(limit: Limit) -> frozenset[str]:
    """The fields of a rollup that a limit weighs, beside its requests and events."""
    measure = metric(limit.metric).measure
    if isinstance(measure, Quantile):
        return frozenset({measure.of})
    if isinstance(measure, Ratio):
        return frozenset({measure.calls, measure.over, measure.under} - {"requests"})
    return frozenset()


def _bucket(limit: Limit, judged: Metric, start_us: int, arms: dict[int, list[ArmRollup]]) -> Bucket:
    candidate = _weigh(limit, judged, arms.get(Arm.CANDIDATE, []))
    control = _weigh(limit, judged, arms.get(Arm.CONTROL, []))
    return Bucket(
        start_us,
        candidate.calls,
        candidate.bad,
        control.calls,
        control.bad,
        candidate.base,
        control.base,
        candidate.value,
        control.value,
    )


def _weigh(limit: Limit, judged: Metric, rollups: Iterable[ArmRollup]) -> _Weighed:
    """The rollups of one arm, as this limit on `judged` weighs them."""
    measure = judged.measure
    if isinstance(measure, Quantile):
        return _quantile(limit, measure, rollups)
    if isinstance(measure, Ratio):
        return _ratio(measure, rollups)
    calls = bad = 0
    for rollup in rollups:
        calls += rollup.requests
        bad += rollup.events.get(judged.event, 0)
    return _Weighed(calls=calls, bad=bad)


def _quantile(limit: Limit, measure: Quantile, rollups: Iterable[ArmRollup]) -> _Weighed:
    seen: Histogram = EMPTY
    for rollup in rollups:
        seen = seen.merge(decode(getattr(rollup, measure.of)))
    value_us = seen.quantile(measure.q)
    value = None if value_us is None else value_us / _US_PER_MS
    return _Weighed(calls=seen.count, bad=seen.above(limit.bound * _US_PER_MS), value=value)


def _ratio(measure: Ratio, rollups: Iterable[ArmRollup]) -> _Weighed:
    calls = over = under = 0
    for rollup in rollups:
        calls += getattr(rollup, measure.calls)
        over += getattr(rollup, measure.over)
        under += getattr(rollup, measure.under)
    return _Weighed(calls=calls, bad=over, base=under, value=measure.value(over, under))
