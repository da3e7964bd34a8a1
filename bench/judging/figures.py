"""The figures of the statistics page, section 6: units until harm is found by one test, without ramp or restarts.

Looked at every 50 units, half in each arm, at no margin. η is the mean divided by what no test of power one can beat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bench.judging.betting import log_capital
from bench.judging.sample import Array
from bench.judging.serinus import PLAIN, bet_mixture
from serinus.core.stats import efficiency
from serinus.core.stats.events import harm

LOOK = 50
EVENTS = ((0.02, 0.04, 20_000, 1.3), (0.02, 0.06, 7_000, None), (0.01, 0.02, 40_000, 1.3), (0.05, 0.10, 9_000, 1.45))
"""Rates in control and candidate, horizon, and the η aimed at."""
PAGE_UNITS = {(0.02, 0.04): 2_160, (0.02, 0.06): 730, (0.05, 0.10): 934}
"""What the page gives at α = .05."""
SCORES = ((0.05, 6_000, 1.5), (0.10, 2_000, 2.2))
"""Drop of the mean score from .8, sd .2; horizon; η aimed at."""
NULL_UNITS, NULL_RATE = 30_000, 0.02


def measure(releases: int, seed: int, alphas: Sequence[float]) -> list[dict[str, object]]:
    """A line for each rate, drop and α, and false alarms over 30,000 units at 2 %."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, object]] = []
    for base, worse, units, target in EVENTS:
        log_e = _events(rng, releases, worse, base, units)
        for alpha in alphas:
            line = _line(log_e, alpha, efficiency.events_bound(worse, base, alpha))
            page = PAGE_UNITS.get((base, worse)) if alpha == 0.05 else None
            found.append({"what": f"events {base:.0%} to {worse:.0%}", "target": target, "page": page, **line})
    for drop, units, aim in SCORES:
        log_e = _scores(rng, max(releases // 5, 100), drop, units)
        for alpha in alphas:
            line = _line(log_e, alpha, efficiency.means_bound(0.2, drop, alpha))
            found.append({"what": f"scores lower by {drop:.2f}", "target": aim, "page": None, **line})
    log_e = _events(rng, releases, NULL_RATE, NULL_RATE, NULL_UNITS)
    for alpha in alphas:
        false = float((log_e >= -math.log(alpha)).any(axis=1).mean())
        page = 0.04 if alpha == 0.05 else None
        found.append({"what": "events 2% healthy, false", "alpha": alpha, "found": round(false, 4), "page": page})
    return found


def _line(log_e: Array, alpha: float, bound: float) -> dict[str, object]:
    reached = log_e >= -math.log(alpha)
    units = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, log_e.shape[1]) * LOOK
    mean, error = float(units.mean()), float(units.std() / math.sqrt(len(units)))
    return {
        "alpha": alpha,
        "found": round(float(reached.any(axis=1).mean()), 4),
        "units_mean": round(mean, 1),
        "standard_error": round(error, 1),
        "bound": round(bound, 1),
        "eta": round(mean / bound, 2),
    }


def _events(rng: np.random.Generator, releases: int, rate1: float, rate0: float, units: int) -> Array:
    s1, s0 = (np.cumsum(rng.binomial(LOOK // 2, r, (releases, units // LOOK)), axis=1) for r in (rate1, rate0))
    rows, columns = np.meshgrid(np.arange(s1.max() + 1), np.arange(s0.max() + 1), indexing="ij")
    return np.asarray(harm(rows, columns, PLAIN)[s1, s0])


def _scores(rng: np.random.Generator, releases: int, drop: float, units: int) -> Array:
    arm = rng.random((releases, units)) < 0.5
    mean = np.where(arm, 0.8 - drop, 0.8)
    size = mean * (1 - mean) / 0.2**2 - 1
    capital, _ = log_capital(rng.beta(mean * size, (1 - mean) * size), arm, np.arange(LOOK, units + 1, LOOK), 0.02)
    return bet_mixture(capital)
