"""How likely so many bad calls are by chance: exact tails and quantiles, without the weight of scipy.stats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]


def tail(bad: npt.ArrayLike, calls: npt.ArrayLike, share: float) -> Floats:
    """P(B ≥ bad) of a binomial B of so many calls, each bad with chance `share` in [0, 1). Any shape; 1 where nothing
    is bad, 0 where something is that cannot be."""
    hits, n = np.asarray(bad, dtype=np.float64), np.asarray(calls, dtype=np.float64)
    # P(B ≥ b) = I_share(b, n − b + 1), DLMF 8.17.5.
    found = special.betainc(np.maximum(hits, 1.0), np.maximum(n - hits, 0.0) + 1.0, share)
    return np.asarray(np.where(hits <= 0, 1.0, np.where(hits > n, 0.0, found)))


def least_rare(chance: float, calls: npt.ArrayLike, share: float) -> Floats:
    """The smallest k with P(B > k) ≤ `chance` of a binomial B of so many calls; `chance` and `share` in (0, 1)."""
    n = np.asarray(calls, dtype=np.float64)
    near = np.clip(np.ceil(np.nan_to_num(special.bdtrik(1.0 - chance, n, share))), 0.0, n)
    lower = np.where((near > 0) & (tail(near, n, share) <= chance), near - 1.0, near)
    return np.asarray(np.where(tail(lower + 1.0, n, share) > chance, lower + 1.0, lower))


def poisson_quantile(parts: npt.ArrayLike, mean: npt.ArrayLike) -> Floats:
    """The smallest k with P(N ≤ k) ≥ each part in (0, 1) of a Poisson N; means above 0. Shapes are broadcast."""
    part, expected = np.broadcast_arrays(np.asarray(parts, np.float64), np.asarray(mean, np.float64))
    near = np.ceil(special.pdtrik(part, expected))
    lower = np.maximum(near - 1.0, 0.0)
    return np.asarray(np.where(special.pdtr(lower, expected) >= part, lower, near))
