"""Late harm against fresh harm: first events until harm of 2× is noticed, when it begins after so many healthy ones.

As events are what carries evidence, time is counted in them. Schemes: one process for the whole release; restarts at
steps alone; and as a release is judged, with renewals between steps. Harm begins with a step, or 100 events after one
and midway between two renewals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from bench.judging.renewing import log_e, log_e_table
from bench.judging.sample import Array
from serinus.core.stats import combine, renewal
from serinus.core.stats.events import Margin, candidate_chance

MARGIN = Margin(1.0, 2.0)
HEALTHY = (0, 200, 800)
AFTER = 800
BETWEEN = renewal.EVERY // 2
"""Harm begins this many events after a renewal, midway between two."""
AFTER_STEP = 100

Judge = Callable[[Array, float], Array]


def schemes(healthy: int) -> dict[str, tuple[int, Judge]]:
    """Healthy events before harm, and how the candidate's events so far (release, event) are judged at α."""
    between = healthy + BETWEEN if healthy else 0
    at_step, off = (healthy or 300), (healthy - AFTER_STEP if healthy > AFTER_STEP else 300)
    return {
        "one process": (healthy, lambda s1, _: restarted(s1, ((0, 1.0),))),
        "steps alone, harm at a step": (healthy, lambda s1, _: restarted(s1, _steps(at_step, healthy + 600))),
        "steps alone, harm 100 events after a step": (healthy, lambda s1, _: restarted(s1, _steps(off, healthy + 900))),
        "renewed, harm at a step": (healthy, lambda s1, alpha: renewed(s1, (0, at_step, healthy + 600), alpha)),
        "renewed, harm between steps": (between, lambda s1, alpha: renewed(s1, (0, off, healthy + 900), alpha)),
    }


def _steps(second: int, third: int) -> list[tuple[int, float]]:
    return list(zip((0, second, third), combine.restart_weights(3), strict=True))


def restarted(s1: Array, restarts: Sequence[tuple[int, float]]) -> Array:
    """log Σ_s v_s E^(s) after each event, from events at which evidence restarts, and their weights."""
    n = np.arange(s1.shape[1])
    table = log_e_table(MARGIN, _size())
    total = np.zeros(s1.shape)
    for at, v in restarts:
        since1 = s1[:, at:] - s1[:, [min(at, s1.shape[1] - 1)]]
        total[:, :at] += v
        total[:, at:] += v * np.exp(table[since1, (n[at:] - at)[None, :] - since1])
    return np.asarray(np.log(total))


def renewed(s1: Array, starts: Sequence[int], alpha: float) -> Array:
    """log E after each event, as a release with steps at these events and one guardrail is judged."""
    n = np.arange(s1.shape[1])[None, :]
    # A step's evidence counts from the column before its start: from the event that it began at.
    return log_e(s1, n - s1, MARGIN, [start + 1 if start else 0 for start in starts], renewal.of_level(alpha))


def measure(releases: int, seed: int, alphas: Sequence[float]) -> list[dict[str, object]]:
    """For each α, scheme and number of healthy events: mean and p90 events to notice, false stops before the harm, and
    the mean as a ratio to the same scheme's, and to one process's, on fresh harm."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, object]] = []
    means: dict[tuple[float, str, int], float] = {}
    for healthy in HEALTHY:
        for name, (before, judge) in schemes(healthy).items():
            paths = _paths(rng, releases, before)
            for alpha in alphas:
                row = _row(judge(paths, alpha), before, alpha)
                means[alpha, name, healthy] = float(row["mean"])
                found.append({"alpha": alpha, "scheme": name, "healthy": healthy, **row})
    for row in found:
        alpha, name = float(str(row["alpha"])), str(row["scheme"])
        row["ratio_own_fresh"] = round(float(str(row["mean"])) / means[alpha, name, 0], 2)
        row["ratio_one_process_fresh"] = round(float(str(row["mean"])) / means[alpha, "one process", 0], 2)
    return found


def _size() -> int:
    return (max(HEALTHY) + BETWEEN + AFTER) // 256 * 256 + 256


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
