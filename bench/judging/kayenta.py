"""Kayenta's NetflixACAJudge: Mann-Whitney on the minutes of canary and baseline.

Sources: kayenta-judge NetflixACAJudge.scala (tolerance 0.25, confidence level 0.98), MannWhitneyClassifier.scala (a
metric is High when the lower confidence limit of the shift is above 0.25 times the absolute Hodges-Lehmann estimate),
MannWhitney.scala (normal approximation with continuity and tie correction, after R's wilcox.test), and
WeightedSumScorer.scala (score: share of metrics that pass, in percent; metrics without data are left out).
Directions are set to `increase`; effect sizes and outliers stay at their defaults (any increase, keep).
Judged at the end of each step over all minutes so far; marginal 75 and pass 95 as in Spinnaker's guides: a score below
marginal stops at once, one below pass at the end.

The classifier's question is asked without inverting an interval: the lower limit is above c exactly when z of the
shift c is above z_{.99}.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from bench.judging.sample import LOOKS, Array, Sample

CONFIDENCE, TOLERANCE = 0.98, 0.25
MARGINAL, PASS = 75.0, 95.0
ENDS = (20, 40, 60)


def strength(samples: Sequence[Sample], alpha: float) -> Array:
    """The z at which the score falls below its threshold: `bar` is the judge's own."""
    del alpha
    found = np.full((samples[0].minute1.shape[0], LOOKS), -np.inf)
    for end in ENDS:
        z = -np.sort(-np.stack([shift_z(s.minute1[:, :end], s.minute0[:, :end]) for s in samples]), axis=0)
        found[:, end - 1] = z[_failing(len(samples), PASS if end == ENDS[-1] else MARGINAL) - 1]
    return found


def bar(alpha: float) -> float:
    """z of the two-sided confidence level 0.98, whatever α is."""
    del alpha
    return -float(special.ndtri((1.0 - CONFIDENCE) / 2.0))


def _failing(metrics: int, threshold: float) -> int:
    """How many metrics must fail for a score below the threshold."""
    return math.floor(metrics * (1.0 - threshold / 100.0)) + 1


def shift_z(experiment: Array, control: Array, rows: int = 200) -> Array:
    """z of the shift 0.25 |Hodges-Lehmann estimate| for each row; −inf for a row without values in an arm."""
    parts = [_shift_z(experiment[i : i + rows], control[i : i + rows]) for i in range(0, len(experiment), rows)]
    return np.concatenate(parts)


def _shift_z(x: Array, y: Array) -> Array:
    x, y = x[:, ~np.isnan(x).all(axis=0)], y[:, ~np.isnan(y).all(axis=0)]
    if not x.size or not y.size:
        return np.full(len(x), -np.inf)
    if np.isnan(x).any() or np.isnan(y).any():
        return np.array([_one(a[~np.isnan(a)], b[~np.isnan(b)]) for a, b in zip(x, y, strict=True)])
    return _z_at(x, y, TOLERANCE * np.abs(hodges_lehmann(x, y)))


def _one(x: Array, y: Array) -> float:
    return float(_shift_z(x[None, :], y[None, :])[0]) if x.size and y.size else -math.inf


def hodges_lehmann(x: Array, y: Array) -> Array:
    """The median of all differences x − y, row by row."""
    return np.median((x[:, :, None] - y[:, None, :]).reshape(len(x), -1), axis=1)


def _z_at(x: Array, y: Array, shift: Array) -> Array:
    moved = x - shift[:, None]
    n1, n0 = x.shape[1], y.shape[1]
    differences = moved[:, :, None] - y[:, None, :]
    dz = 0.5 * (np.sign(differences).sum(axis=(1, 2)))
    both = np.sort(np.concatenate([moved, y], axis=1), axis=1)
    variance = n1 * n0 / 12.0 * (n1 + n0 + 1 - _ties(both) / ((n1 + n0) * (n1 + n0 - 1)))
    usable = variance > 0
    z = (dz - 0.5 * np.sign(dz)) / np.sqrt(np.where(usable, variance, 1.0))
    return np.where(usable, z, -np.inf)


def _ties(ordered: Array) -> Array:
    """Σ (t³ − t) over the groups of equal values of each sorted row."""
    n = ordered.shape[1]
    new = np.concatenate([np.ones((len(ordered), 1), bool), np.diff(ordered, axis=1) > 0], axis=1)
    place = np.arange(n)
    first = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    last_new = np.concatenate([new[:, 1:], np.ones((len(ordered), 1), bool)], axis=1)
    size = np.where(last_new, place - first + 1, 0).astype(float)
    return np.asarray((size**3 - size).sum(axis=1))
