"""How often absolute limits, and rules that tolerate nothing, would stop a candidate that is as good as what is live.

Hour by hour of the week, as if all hours of a step were like those of the whole week: the chance that a row of buckets
that breaks the limit begins with a bucket, summed over all of the step. Calls are taken as apart from each other: where
bad ones come in clusters it is more.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from serinus.core.decision.tolerance import METRIC as ZERO_TOLERANCE
from serinus.core.lint.foreseen import Forecast
from serinus.core.lint.mean_stops import acting_means, mean_chance
from serinus.core.lint.shape import Shape
from serinus.core.lint.traffic import Traffic
from serinus.core.metrics import Quantile, metric
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Plan
from serinus.core.stats import binomial

_S_PER_HOUR = 3600.0
_POINTS = 32
Floats = npt.NDArray[np.float64]


class FalseStop(msgspec.Struct, frozen=True, kw_only=True):
    """What stops a healthy release: where it stands in the plan, its metric, what follows, and the chance in a release
    (None: nothing is known of how often the live version does it)."""

    where: str
    metric: str
    action: str
    chance: float | None


def false_stops(plan: Plan, traffic: Traffic, found: Forecast) -> tuple[FalseStop, ...]:
    """Each limit's, that of each monitor of scores which acts, and that of rules with zero tolerance once the live
    version has broken one."""
    stops = [
        FalseStop(
            where=f"plan.limits[{index}]",
            metric=limit.metric,
            action=limit.action,
            chance=_of_limit(plan, limit, traffic, found),
        )
        for index, limit in enumerate(plan.limits)
    ]
    stops += [
        FalseStop(
            where=where,
            metric=limit.metric,
            action=limit.action,
            chance=mean_chance(plan, limit, traffic, found.steps),
        )
        for where, limit in acting_means(plan).items()
    ]
    rate = traffic.rates.get(ZERO_TOLERANCE, 0.0)
    if rate > 0:
        stops.append(FalseStop(where="rules", metric=ZERO_TOLERANCE, action="rollback", chance=_any(rate, found)))
    return tuple(stops)


def bad_share(limit: Limit, traffic: Traffic) -> float | None:
    """The share of the live version's calls that are bad as the limit counts; None where nobody knows."""
    measure = metric(limit.metric).measure
    if isinstance(measure, Quantile):
        own = Shape(traffic.quantiles.get(measure.of, ()))
        return own.above(limit.bound) if own.known else None
    return traffic.rates.get(limit.metric) if metric(limit.metric).event else None


def _of_limit(plan: Plan, limit: Limit, traffic: Traffic, found: Forecast) -> float | None:
    if limit.of_scores:
        return mean_chance(plan, limit, traffic, found.steps)
    rate, share = bad_share(limit, traffic), limit.share
    if rate is None or share is None:
        return None
    hourly = np.asarray(traffic.hourly) * limit.bucket_s / _S_PER_HOUR
    expected = 0.0
    for one in found.steps:
        calls = hourly * plan.candidate_share(one.step)
        buckets = (one.hours or 0.0) * _S_PER_HOUR / limit.bucket_s
        expected += buckets * float(np.mean(_begins(limit, rate, share, calls)))
    return -math.expm1(-expected)


def _begins(limit: Limit, rate: float, share: float, calls: Floats) -> Floats:
    """The chance that a row which breaks the limit begins with a bucket, where so many calls come in one on average."""

    def beyond(counted: Floats) -> Floats:
        return np.where(
            counted >= limit.min_requests, binomial.tail(_least_over(limit, share, counted), counted, rate), 0.0
        )

    over = _over_counts(calls, beyond)
    found = np.maximum(1.0 - over, 0.1) * over**limit.buckets
    if limit.by_chance:

        def rare(counted: Floats) -> Floats:
            return binomial.tail(binomial.least_rare(limit.by_chance, counted, share) + 1, counted, rate)

        found = np.minimum(found, _over_counts(calls * limit.buckets, rare))
    return np.asarray(found)


def _over_counts(calls: Floats, chance: Callable[[Floats], Floats]) -> Floats:
    """The mean of a chance over the counts that come, Poisson: how many a bound allows jumps from count to count."""
    parts = (np.arange(_POINTS) + 0.5) / _POINTS
    return np.asarray(np.mean(chance(binomial.poisson_quantile(parts, np.maximum(calls, 1e-9)[:, None])), axis=1))


def _least_over(limit: Limit, share: float, calls: Floats) -> Floats:
    """The fewest bad calls that put a bucket beyond the bound."""
    if isinstance(metric(limit.metric).measure, Quantile):
        return np.asarray(calls - np.floor((1.0 - share) * (calls - 1)))
    return np.asarray(np.floor(share * calls) + 1)


def _any(rate: float, found: Forecast) -> float:
    """The chance that one call of the candidate's has it."""
    calls = math.fsum((one.hours or 0.0) * one.calls_mean for one in found.steps)
    return -math.expm1(calls * math.log1p(-min(rate, 1 - 1e-12)))
