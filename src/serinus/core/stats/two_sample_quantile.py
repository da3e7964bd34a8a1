"""Do both arms have the same q-quantile? The two-sample test, for reports (statistics 4.4).

Whatever x the common quantile is, the values at or below x are a coin with chance q in each arm. So

    log E = min over x of [G1(x) + G0(x)],   G_a(x) = min over p in [F_a(x−), F_a(x)] of log M(n_a p; n_a)

where M is the two-sided beta-binomial mixture against chance q; the minimum makes it valid for the unknown x.
Source: Howard & Ramdas 2022, A/B test of quantiles. Two-sided: the sign is read off the quantiles themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from serinus.core.errors import InvalidInput
from serinus.core.stats.beta import log_weight
from serinus.core.stats.domain import count, level
from serinus.core.stats.evidence import Evidence, NoData, nothing

Floats = npt.NDArray[np.float64]

LEAST_CONCENTRATION = 1e-3


def concentration(values: int, alpha: float) -> float:
    """κ = a + b of the beta prior for which the boundary is tightest after this many values in an arm.

    κ = n / (2 log(1/α) + log(1 + 2 log(1/α))) − 1 (Howard & Ramdas 2022: r = ρ − q(1 − q) = κ q(1 − q)).
    """
    log_term = 2.0 * math.log(1.0 / level("alpha", alpha))
    return max(count("values", values) / (log_term + math.log1p(log_term)) - 1.0, LEAST_CONCENTRATION)


def difference(candidate: Mapping[int, int], control: Mapping[int, int], quantile: float, kappa: float) -> Evidence:
    """Evidence against H0: both arms have the same `quantile`, from counts by value or by bucket, ascending.

    Any monotone index serves (microseconds, log-histogram buckets); `kappa` from `concentration`, fixed before.
    """
    level("quantile", quantile)
    if not kappa > 0:
        raise InvalidInput(f"{kappa} is not above 0", where="kappa", mend="use `concentration`")
    if not any(candidate.values()) or not any(control.values()):
        return nothing(NoData(reason="an arm without values"))
    points = np.array(sorted(set(candidate) | set(control)), np.int64)
    total = _least(candidate, points, quantile, kappa) + _least(control, points, quantile, kappa)
    return Evidence(log_e=float(total.min()))


def mixture(below: Floats, values: float, quantile: float, kappa: float) -> Floats:
    """log M for `below` of `values` at or under x: ∫ (θ/q)^k ((1−θ)/(1−q))^(n−k) dBeta(κq, κ(1−q))(θ)."""
    a, b = np.asarray(kappa * quantile), np.asarray(kappa * (1.0 - quantile))
    return log_weight(a + below, b + (values - below), quantile) - log_weight(a, b, quantile)


def _least(counts: Mapping[int, int], points: npt.NDArray[np.int64], quantile: float, kappa: float) -> Floats:
    """G at every point: log M is convex in k, so the k between that is nearest to its least is enough."""
    per_point = np.array([count("count", counts.get(int(point), 0)) for point in points], float)
    to = np.cumsum(per_point)
    values = float(to[-1])
    return mixture(np.clip(_lowest(values, quantile, kappa), to - per_point, to), values, quantile, kappa)


def _lowest(values: float, quantile: float, kappa: float) -> float:
    """The k in [0, n], not whole, at which log M is least: ψ(a + k) − ψ(b + n − k) = logit q; near nq, not on it."""
    a, b, logit = kappa * quantile, kappa * (1.0 - quantile), float(special.logit(quantile))

    def slope(k: float) -> float:
        return float(special.digamma(a + k) - special.digamma(b + values - k)) - logit

    if slope(0.0) >= 0.0:
        return 0.0
    return values if slope(values) <= 0.0 else float(optimize.brentq(slope, 0.0, values, xtol=1e-9))
