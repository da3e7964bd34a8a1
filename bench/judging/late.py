"""Late harm against fresh harm: first events until harm of 2× is noticed, when it begins after so many healthy ones.

As events are what carries evidence, time is counted in them. Schemes: one process for the whole release; restarts at
three steps as built, where harm begins at a step or 100 events after one; and renewals (`core.stats.renewal`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bench.judging.sample import Array
from serinus.core.stats import combine, renewal
from serinus.core.stats.events import Margin, candidate_chance, harm

MARGIN = Margin(1.0, 2.0)
HEALTHY = (0, 200, 800)
AFTER = 1_200
BETWEEN = renewal.EVERY // 2
"""Harm begins this many events after a renewal, midway between two."""

Restarts = Sequence[tuple[int, float]]
"""Events at which evidence restarts, and its weight."""


def schemes(healthy: int) -> dict[str, tuple[int, Restarts]]:
    """Healthy events before harm and restarts of each scheme."""
    built = combine.restart_weights(3)
    at = ((0, built[0]), (healthy or 300, built[1]), (healthy + 600, built[2]))
    off = ((0, built[0]), (max(healthy - 100, 0) or 300, built[1]), (healthy + 900, built[2]))
    between = healthy + BETWEEN if healthy else 0
    renewed = [(j * renewal.EVERY, renewal.weight(j)) for j in range((between + AFTER) // renewal.EVERY + 1)]
    return {
        "one process": (healthy, ((0, 1.0),)),
        "steps, harm at a step": (healthy, at),
        "steps, harm 100 events after a step": (healthy, off),
        "renewals": (between, renewed),
    }


def log_e(s1: Array, restarts: Restarts) -> Array:
    """log Σ_j v_j E^(j) after each event, from the candidate's events so far (release, event)."""
    n = np.arange(s1.shape[1])
    table = _table(max(HEALTHY) + BETWEEN + AFTER + 1)
    total = np.full(s1.shape, max(0.0, 1.0 - math.fsum(v for at, v in restarts if at < s1.shape[1])))
    for at, v in restarts:
        if at >= s1.shape[1]:
            continue
        since1 = s1[:, at:] - s1[:, [at]]
        total[:, :at] += v
        total[:, at:] += v * np.exp(table[since1, (n[at:] - at)[None, :] - since1])
    return np.log(total)


@lru_cache(maxsize=1)
def _table(size: int) -> Array:
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    return np.asarray(harm(rows, columns, MARGIN))


def measure(releases: int, seed: int, alphas: Sequence[float]) -> list[dict[str, object]]:
    """For each α, scheme and number of healthy events: mean and p90 events to notice, false stops before the harm, and
    the mean as a ratio to the same scheme's, and to one process's, on fresh harm."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, object]] = []
    means: dict[tuple[float, str, int], float] = {}
    for healthy in HEALTHY:
        for name, (before, restarts) in schemes(healthy).items():
            paths = _paths(rng, releases, before)
            evidence = log_e(paths, restarts)
            for alpha in alphas:
                row = _row(evidence, before, alpha)
                means[alpha, name, healthy] = float(row["mean"])
                found.append({"alpha": alpha, "scheme": name, "healthy": healthy, **row})
    for row in found:
        alpha, name = float(str(row["alpha"])), str(row["scheme"])
        row["ratio_own_fresh"] = round(float(str(row["mean"])) / means[alpha, name, 0], 2)
        row["ratio_one_process_fresh"] = round(float(str(row["mean"])) / means[alpha, "one process", 0], 2)
    return found


def _paths(rng: np.random.Generator, releases: int, healthy: int) -> Array:
    chance = np.where(np.arange(healthy + AFTER) < healthy, 0.5, candidate_chance(MARGIN.design_ratio))
    mine = rng.random((releases, healthy + AFTER)) < chance
    return np.concatenate([np.zeros((releases, 1), int), np.cumsum(mine, axis=1)], axis=1)


def _row(evidence: Array, healthy: int, alpha: float) -> dict[str, float]:
    reached = evidence >= math.log(1.0 / alpha)
    early = reached[:, : healthy + 1].any(axis=1)
    late = reached[~early, healthy + 1 :]
    needed = np.where(late.any(axis=1), late.argmax(axis=1) + 1, AFTER)
    return {
        "mean": round(float(needed.mean()), 1),
        "p90": float(np.quantile(needed, 0.9)),
        "noticed": round(float(late.any(axis=1).mean()), 4),
        "false_before": round(float(early.mean()), 4),
    }
