"""How often a limit on the mean of scores would stop a candidate that is as good as what is live.

The mean of a window that slides is a Gaussian process whose correlation falls in a straight line: it exceeds z standard
errors within a time T of windows w with about the chance Φ(−z) + (T/w − 1) z φ(z) (Slepian, 1961, for high z).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy import special

from serinus.core.lint.foreseen import StepForecast
from serinus.core.lint.traffic import Graded, Traffic
from serinus.core.metrics import Bounded, metric
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.monitor import MetricSource
from serinus.core.pipeline.plan import Plan

_S_PER_HOUR = 3600.0
_ROUNDS = 4
Floats = npt.NDArray[np.float64]


def graded(limit: Limit, traffic: Traffic) -> Graded | None:
    """How the live version's answers are graded; None where nobody knows, or only how many are."""
    found = traffic.graded.get(limit.metric)
    return None if found is None or found.guessed or found.share <= 0 else found


def acting_means(plan: Plan) -> dict[str, Limit]:
    """The plan's monitors of scores that act by an absolute threshold, as limits, by where they stand."""
    found = {}
    for index, one in enumerate(plan.monitors):
        if not isinstance(one.source, MetricSource) or not one.of_scores or one.action not in ("pause", "rollback"):
            continue
        critical = one.critical
        if critical is not None and not critical.relative:
            found[f"plan.monitors[{index}]"] = Limit(
                metric=one.source.metric,
                above=critical.bound if critical.side == "above" else None,
                below=critical.bound if critical.side == "below" else None,
                buckets=max(1, round(one.window_s / 60)),
                min_requests=max(1, one.least),
                by_chance=one.by_chance or 0.0,
                action=one.action,
            )
    return found


def mean_chance(plan: Plan, limit: Limit, traffic: Traffic, steps: Iterable[StepForecast]) -> float | None:
    """The chance in a release; None where nothing is known of how the live version does."""
    known, scale = graded(limit, traffic), metric(limit.metric).measure
    if known is None or not isinstance(scale, Bounded):
        return None
    hours = limit.window_s / _S_PER_HOUR
    bound = (limit.bound - scale.low) / (scale.high - scale.low)
    expected = 0.0
    for one in steps:
        came = np.asarray(traffic.hourly) * hours * known.share * plan.candidate_share(one.step)
        enough = special.pdtrc(limit.min_requests - 1, np.maximum(came, 1e-9))
        count = np.maximum(came, limit.min_requests)
        lowest = _acts_at(limit, known, bound, count)
        room = known.mean - lowest if limit.side == "below" else lowest - known.mean
        z = room * np.sqrt(count) / max(known.sd, 1e-9)
        windows = max(0.0, (one.hours or 0.0) / hours)
        crossings = np.maximum(z, 0.0) * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        seen = special.ndtr(-z) * min(1.0, windows) + max(0.0, windows - 1.0) * np.maximum(
            crossings, np.where(z < 1, special.ndtr(-z), 0.0)
        )
        expected += float(np.mean(enough * seen))
    return -math.expm1(-expected)


def _acts_at(limit: Limit, known: Graded, bound: float, count: Floats) -> Floats:
    """The mean of so many scores at which a limit acts: beyond the bound by more than luck, whose spread there is to
    the usual one as that of right and wrong answers would be."""
    mean = np.full_like(count, bound)
    if not limit.by_chance:
        return mean
    far = special.stdtrit(count - 1, 1.0 - limit.by_chance) / np.sqrt(count) * (-1 if limit.side == "below" else 1)
    usual = max(known.mean * (1 - known.mean), 1e-9)
    for _ in range(_ROUNDS):
        mean = bound + far * known.sd * np.sqrt(np.clip(mean * (1 - mean), 1e-9, 0.25) / usual)
    return mean
