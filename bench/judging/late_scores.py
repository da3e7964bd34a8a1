"""Late drops of scores against fresh ones: units of both arms until a drop is noticed that begins after so many healthy
ones, 640 units after a step and midway between two renewals, looked at every 16 units, at no margin. Schemes as in
`late`, α of one guardrail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bench.judging.betting import log_capital, log_renewed
from bench.judging.sample import Array
from bench.judging.serinus import bet_mixture, renewed_scores, weighted
from serinus.core.stats import combine, renewal

LOOK = 16
HEALTHY = (0, 800, 2400)
AFTER_STEP = 640
DROPS = ((0.05, 2_800), (0.10, 1_200))
"""Drop of the mean score from .8, sd .2, and how many units it lasts."""
SD = 0.2


def measure(releases: int, seed: int, alphas: Sequence[float]) -> list[dict[str, object]]:
    """For each drop, α, scheme and number of healthy units: the mean of units to notice it, false stops before it, and
    the mean as a ratio to the same scheme's on a fresh drop."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, object]] = []
    fresh: dict[tuple[float, float, str], float] = {}
    for drop, lasting in DROPS:
        for healthy in HEALTHY:
            before = healthy + LOOK if healthy else 0
            by_scheme = _judged(rng, releases, before, lasting, drop, alphas)
            for (alpha, scheme), log_e in by_scheme.items():
                mean, early, noticed = _until(log_e, before // LOOK, alpha)
                fresh.setdefault((drop, alpha, scheme), mean)
                found.append(
                    {
                        "drop": drop,
                        "alpha": alpha,
                        "scheme": scheme,
                        "healthy": healthy,
                        "mean": round(mean, 1),
                        "noticed": round(noticed, 4),
                        "false_before": round(early, 4),
                        "ratio_own_fresh": round(mean / fresh[drop, alpha, scheme], 2),
                    }
                )
    return found


def _judged(
    rng: np.random.Generator, releases: int, before: int, lasting: int, drop: float, alphas: Sequence[float]
) -> dict[tuple[float, str], Array]:
    units = before + lasting
    arm = rng.random((releases, units)) < 0.5
    mean = np.where(arm & (np.arange(units) >= before), 0.8 - drop, 0.8)
    size = mean * (1 - mean) / SD**2 - 1
    values, ends = rng.beta(mean * size, (1 - mean) * size), np.arange(LOOK, units + 1, LOOK)
    later = max(before - AFTER_STEP, 0) or units
    played = [np.broadcast_to(np.arange(units) >= start, arm.shape) for start in (0, later)]
    since = [log_capital(values, arm, ends, 0.0, own)[0] for own in played]
    whole = np.stack([*since, np.zeros_like(since[0])])
    won, ahead = log_renewed(values, arm, ends, 0.0)[0]
    found: dict[tuple[float, str], Array] = {}
    for alpha in alphas:
        found[alpha, "one process"] = bet_mixture(since[0])
        found[alpha, "steps alone"] = weighted([bet_mixture(one) for one in whole], combine.restart_weights(3))
        found[alpha, "renewed"] = renewed_scores(whole, won, ahead, renewal.of_level(alpha))
    return found


def _until(log_e: Array, healthy_looks: int, alpha: float) -> tuple[float, float, float]:
    """Mean units from the drop on, false stops before it, and the share of drops that were noticed."""
    reached = log_e >= math.log(1 / alpha)
    early = reached[:, :healthy_looks].any(axis=1)
    late = reached[~early, healthy_looks:]
    noticed = late.any(axis=1)
    units = np.where(noticed, late.argmax(axis=1) + 1, late.shape[1]) * LOOK
    return float(units.mean()), float(early.mean()), float(noticed.mean())
