"""How likely so many bad calls are by chance: the exact binomial tail."""

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
    return np.asarray(np.where(hits <= 0, 1.0, found))
