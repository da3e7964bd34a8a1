"""How far a mean of bounded scores lies from a bound, and how likely that is by chance.

Student's t on sums: scores need not be 0 and 1, and where judges differ little a small difference shows sooner. The
spread is estimated as if one more score of 0 and one of 1 had come (as in Agresti and Caffo, 2000, for proportions), so
that scores which are all alike are not taken for ones that can never be otherwise.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy import special

LEAST = 20
"""Below so many scores nothing is said: the mean is not near enough to normal."""


class Mean(NamedTuple):
    """The mean of so many `scores` and its standard error, in the same unit."""

    value: float
    error: float
    scores: int

    def on(self, low: float, high: float) -> Mean:
        """The same on another scale, from one in [0, 1]."""
        return Mean(low + self.value * (high - low), self.error * (high - low), self.scores)


def mean_of(count: int, total: float, squares: float) -> Mean | None:
    """Of scores in [0, 1] with these sums Σx and Σx²; None without any."""
    if count < 1:
        return None
    padded = count + 2
    spread = (squares + 1.0 - (total + 1.0) ** 2 / padded) / (padded - 1)
    return Mean(total / count, math.sqrt(max(0.0, spread) / count), count)


def chance(distance: float, one: Mean, other: Mean | None = None, factor: float = 1.0) -> float:
    """About the chance that a mean which is exactly at the bound, or at `factor` times another mean and what is added
    to it, comes out so much worse: `distance` is positive on the bad side. 1 below `LEAST` scores."""
    count, squares = one.scores, one.error**2
    if other is not None:
        count, squares = min(count, other.scores), squares + (factor * other.error) ** 2
    if count < LEAST:
        return 1.0
    return float(special.stdtr(count - 1, -distance / math.sqrt(squares)))
