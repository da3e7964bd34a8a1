"""Shares with their intervals, and agreement of raters: what a calibration needs, without numpy or scipy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

import msgspec

from serinus.core.stats.domain import finite, level

LEVEL = 0.05


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate with its confidence limits."""

    value: float
    low: float
    high: float


def wilson(hits: float, n: float, alpha: float = LEVEL) -> Interval:
    """A share and its two-sided 1 − α score interval (Wilson 1927, eq. 11). `hits` may be fractional (scores in [0, 1]
    bounded by their worst case variance). [0, 1] when n is 0."""
    if finite("n", n) <= 0:
        return Interval(value=0.0, low=0.0, high=1.0)
    z = NormalDist().inv_cdf(1 - level("alpha", alpha) / 2)
    share, spread = hits / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(max(0.0, share * (1 - share) / n + spread / (4 * n))) / (1 + spread)
    # At the ends a limit equals the share; rounding must not put it beyond.
    return Interval(value=share, low=max(0.0, min(share, centre - half)), high=min(1.0, max(share, centre + half)))


def kappa(table: Mapping[tuple[str, str], int]) -> float:
    """Cohen's κ of two raters' labels (Cohen 1960, eq. 1); 0 when chance agreement is already whole."""
    n = sum(table.values())
    if not n:
        return 0.0
    labels = {label for pair in table for label in pair}
    agreed = sum(table.get((label, label), 0) for label in labels) / n
    expected = sum(
        sum(c for (a, _), c in table.items() if a == label) * sum(c for (_, b), c in table.items() if b == label)
        for label in labels
    ) / (n * n)
    return (agreed - expected) / (1 - expected) if expected < 1 else 0.0
