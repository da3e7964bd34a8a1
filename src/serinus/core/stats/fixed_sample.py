"""Intervals for samples that nobody looked at before they were whole: offline suites and labelled sets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from serinus.core.stats.agreement import LEVEL, Interval, kappa, wilson
from serinus.core.stats.domain import count, level

__all__ = ("Interval", "kappa", "paired_mean", "pairs_needed", "visible_drop", "wilson")

POWER = 0.8


def paired_mean(
    differences: Sequence[float], weights: Sequence[float], clusters: Sequence[int], alpha: float = LEVEL
) -> Interval:
    """The weighted mean of differences in [−1, 1] and a 1 − α interval for it.

    Two pairs, +1 and −1, each a cluster of its own with the mean weight, are added for the limits: for outcomes 0 and 1
    this is the Laplace-adjusted Wald interval of Bonett & Price 2012 (eq. 8), and without any discordant pair its width
    is not 0. Pairs of one cluster are one observation of the variance (sandwich estimator, Liang & Zeger 1986). Student
    quantiles with (clusters − 1) degrees of freedom. The whole scale when there is no pair.
    """
    n = len(differences)
    if not n:
        return Interval(value=0.0, low=-1.0, high=1.0)
    total = math.fsum(weights)
    value = math.fsum(d * w for d, w in zip(differences, weights, strict=True)) / total
    extra = total / n
    whole = total + 2 * extra
    mean = value * total / whole
    sums: dict[int, float] = {}
    for difference, weight, cluster in zip(differences, weights, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + weight * (difference - mean)
    added = (extra * (1 - mean)) ** 2 + (extra * (-1 - mean)) ** 2
    variance = (math.fsum(s * s for s in sums.values()) + added) / (whole * whole)
    degrees = len(sums) + 1
    reach = float(special.stdtrit(degrees, 1 - level("alpha", alpha) / 2)) * math.sqrt(variance)
    return Interval(value=value, low=max(-1.0, mean - reach), high=min(1.0, mean + reach))


def visible_drop(pairs: int, discordant: float, alpha: float = LEVEL, power: float = POWER) -> float:
    """The smallest drop that so many pairs show with this power, when the share `discordant` of them differs:
    (z_{1−α/2} + z_power) √(discordant / pairs), Connor 1987 without its second-order term. 1 without pairs."""
    if count("pairs", pairs) == 0:
        return 1.0
    return min(1.0, (_normal_quantile(alpha) + float(special.ndtri(power))) * math.sqrt(discordant / pairs))


def pairs_needed(drop: float, discordant: float, alpha: float = LEVEL, power: float = POWER) -> int:
    """How many pairs show this drop: the inverse of `visible_drop`."""
    reach = _normal_quantile(alpha) + float(special.ndtri(power))
    return math.ceil(discordant * (reach / drop) ** 2 - 1e-9)


def _normal_quantile(alpha: float) -> float:
    return float(special.ndtri(1 - level("alpha", alpha) / 2))
