"""Betting that begins anew every so many units, for scores that fall at any time (statistics 4.3 and 5).

With b a bet's share, G_i its growth by gain i, and v_j fixed weights that sum to 1,

    R_n = Σ_{j: 32 j ≤ n} v_j Π_{32 j < i ≤ n} G_i,   so that   R ← R · G_i, and R ← R + v_j after unit 32 j

v_j ∝ 1 / max(1, j/LEVEL)³. Each product is the capital of somebody who began to bet then, an e-process from there on
and 1 before; so Σ_j v_j E^(j), which is R and the weight of those to come, is one too. All of them together are one
number for each bet, and none has to be let go. Where one begins depends on the order of units, not on who looks when.
Source: Shin, Ramdas & Rinaldo 2024, e-detectors of Shiryaev-Roberts' kind, with weights that sum to 1.

R is kept as log in whole nano-nats, each step rounded down; empty while none has begun.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from serinus.core.stats.betting import BETS, NANO, Growth, mean_log_e
from serinus.core.stats.domain import count
from serinus.core.stats.renewal import falling

EVERY = 32
"""Units of both arms from one beginning to the next: a tenth of what a drop of .10 needs."""
LEVEL = 100
_TOTAL = LEVEL + LEVEL**3 * float(special.zeta(3.0, LEVEL + 1))

Renewed = tuple[int, ...]
"""log R for each bet of the grid, or empty."""


def carried_on(before: Renewed, growth: Growth, played: int) -> Renewed:
    """log R after these gains too (`betting.log_growth`), of which `played` went before. It does not matter in which
    batches they come."""
    found = np.array(before, np.int64) if before else None
    at, end = 0, growth.shape[1]
    while at < end:
        part = min(end - at, EVERY - (played + at) % EVERY)
        if found is not None:
            found = found + growth[:, at : at + part].sum(axis=1)
        at += part
        if (played + at) % EVERY == 0:
            found = _with_another(found, (played + at) // EVERY)
    return () if found is None else tuple(found.tolist())


def spent(played: int) -> float:
    """The weight, in [0, 1), of those that have begun after so many gains."""
    return falling(count("played", played) // EVERY, LEVEL, _TOTAL)


def log_e(renewed: Renewed) -> float:
    """log of Σ_j v_j E^(j) over those that have begun; −inf while none has."""
    return mean_log_e(renewed) if renewed else -math.inf


def _with_another(found: Growth | None, slot: int) -> Growth:
    """With the one that begins now."""
    weight = math.log(1.0 / (max(1.0, slot / LEVEL) ** 3 * _TOTAL))
    if found is None:
        return np.full(len(BETS), math.floor(weight * NANO), np.int64)
    return np.asarray(np.floor(np.logaddexp(found / NANO, weight) * NANO), np.int64)
