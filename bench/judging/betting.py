"""`core.stats.bounded` for many releases at once: the same gains, bets and running mean, in floating point.

The product keeps whole nano-nats, each rounded down; here nothing is rounded, so that log E is above the product's by
at most 1e-9 a unit. A test holds the two together.
"""

from __future__ import annotations

import numpy as np

from bench.judging.sample import Array
from serinus.core.stats.betting import BETS
from serinus.core.stats.bounded import MEMORY


def log_capital(
    values: Array, candidate: Array, ends: Array, max_drop: float, played: Array | None = None
) -> tuple[Array, Array]:
    """Log capital of each bet at the end of each look (release, look, bet): at no margin, and at `max_drop`. Units that
    are not `played` are passed over."""
    mine = np.ones(values.shape, bool) if played is None else played
    centre = _centres(values, mine)
    drop = 2.0 * np.where(candidate, centre - values, values - centre)
    width = 2.0 * np.maximum(centre, 1.0 - centre)
    starts = np.concatenate([[0], ends[:-1]])
    plain, margin = mine * drop / width, mine * (drop - max_drop) / (width + max_drop)
    found = tuple(
        np.stack([np.cumsum(np.add.reduceat(np.log1p(bet * gain), starts, axis=1), axis=1) for bet in BETS], axis=2)
        for gain in (plain, margin)
    )
    return found[0], found[1]


def _centres(values: Array, played: Array) -> Array:
    """The running mean before each unit, of those played."""
    found = np.empty_like(values)
    centre = np.full(values.shape[0], 0.5)
    weight = played / np.minimum(np.cumsum(played, axis=1) + 1, MEMORY)
    for i in range(values.shape[1]):
        found[:, i] = centre
        centre = centre + (values[:, i] - centre) * weight[:, i]
    return found
