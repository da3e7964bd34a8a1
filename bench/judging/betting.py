"""`core.stats.bounded` for many releases at once: the same gains, bets and running mean, in floating point.

The product keeps whole nano-nats, each rounded down; here nothing is rounded, so that log E is above the product's by
at most 1e-9 a unit. A test holds the two together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.judging.sample import Array
from serinus.core.stats import renewed_bets
from serinus.core.stats.betting import BETS
from serinus.core.stats.bounded import MEMORY
from serinus.core.stats.renewed_bets import EVERY


def log_capital(
    values: Array, candidate: Array, ends: Array, max_drop: float, played: Array | None = None
) -> tuple[Array, Array]:
    """Log capital of each bet at the end of each look (release, look, bet): at no margin, and at `max_drop`. Units that
    are not `played` are passed over."""
    starts = np.concatenate([[0], ends[:-1]])
    plain, margin, _ = _gains(values, candidate, max_drop, played)
    found = tuple(
        np.stack([np.cumsum(np.add.reduceat(np.log1p(bet * gain), starts, axis=1), axis=1) for bet in BETS], axis=2)
        for gain in (plain, margin)
    )
    return found[0], found[1]


def log_renewed(
    values: Array, candidate: Array, ends: Array, max_drop: float, played: Array | None = None
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """What each bet has won at the end of each look (release, look, bet) that began anew every so many played units, as
    `core.stats.renewed_bets`, and the weight of those to come (release, look): at no margin, and at `max_drop`."""
    plain, margin, mine = _gains(values, candidate, max_drop, played)
    number = np.cumsum(mine, axis=1)
    begun = number[:, ends - 1] // EVERY
    slots = int(begun.max())
    rows, at = np.nonzero(mine & (number % EVERY == 0))
    slot = number[rows, at] // EVERY
    begins = np.full((len(values), slots), -1)
    begins[rows, slot - 1] = at
    spent = np.array([renewed_bets.spent(one * EVERY) for one in range(slots + 1)])
    weights = np.log(np.diff(spent))
    found = []
    for gain in (plain, margin):
        won = []
        for bet in BETS:
            capital = np.cumsum(np.log1p(bet * gain), axis=1)
            before = np.where(begins < 0, -np.inf, weights - np.take_along_axis(capital, begins, axis=1))
            sums = np.logaddexp.accumulate(before, axis=1)
            sums = np.concatenate([np.full((len(values), 1), -np.inf), sums], axis=1)
            won.append(capital[:, ends - 1] + np.take_along_axis(sums, begun, axis=1))
        found.append((np.stack(won, axis=2), 1.0 - spent[begun]))
    return found[0], found[1]


def _gains(
    values: Array, candidate: Array, max_drop: float, played: Array | None
) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Gains as shares of what could be lost, at no margin and at `max_drop`, 0 where nobody plays, and who plays."""
    mine = np.ones(values.shape, bool) if played is None else np.asarray(played, bool)
    centre = _centres(values, mine)
    drop = 2.0 * np.where(candidate, centre - values, values - centre)
    width = 2.0 * np.maximum(centre, 1.0 - centre)
    return mine * drop / width, mine * (drop - max_drop) / (width + max_drop), mine


def _centres(values: Array, played: Array) -> Array:
    """The running mean before each unit, of those played."""
    found = np.empty_like(values)
    centre = np.full(values.shape[0], 0.5)
    weight = played / np.minimum(np.cumsum(played, axis=1) + 1, MEMORY)
    for i in range(values.shape[1]):
        found[:, i] = centre
        centre = centre + (values[:, i] - centre) * weight[:, i]
    return found
