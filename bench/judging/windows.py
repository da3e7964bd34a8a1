"""Fixed thresholds on time windows, as Argo Rollouts and Flagger do, and a point estimate with a minimum sample.

Argo Rollouts, docs/features/analysis.md and `FailureLimit` of pkg/apis/rollouts/v1alpha1: a measurement each
`interval`; the analysis fails when more than `failureLimit` measurements have failed. Its running example asks every 5
minutes for a success rate of at least 0.95 of the canary alone, failureLimit 3. An empty answer is an error of the
expression; more than 4 errors in a row (`consecutiveErrorLimit`) end the analysis, and the rollout aborts.
Flagger, docs/gitbook/usage/how-it-works.md and metrics.md: a check each minute, `request-success-rate` at least 99 %
over 1 minute, roll back when `threshold` (10) checks have failed. No value for a metric is a failed check.
For scores and latencies neither has a number that fits: a limit of 10 % above history stands in for the operator's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from bench.judging.method import quotient, running_rank
from bench.judging.sample import Array, Sample

ARGO_MINUTES, ARGO_FAILURES, ARGO_LIMIT = 5, 3, 0.05
FLAGGER_FAILURES, FLAGGER_LIMIT = 10, 0.01
ABOVE_HISTORY = 1.1
POINT_UNITS, POINT_RATIO = 100, 1.1
"""A gate as teams write it themselves: from 100 requests on, 10 % worse than the old version."""


def argo(sample: Sample, alpha: float) -> Array:
    """How far the fourth-worst five-minute window so far lies above the limit, as a ratio: 1 is the limit."""
    del alpha
    windows = np.full_like(sample.minute1, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a window without any request has no mean
        for end in range(ARGO_MINUTES, sample.minute1.shape[1] + 1, ARGO_MINUTES):
            windows[:, end - 1] = np.nanmean(sample.minute1[:, end - ARGO_MINUTES : end], axis=1)
    worst = running_rank(windows, ARGO_FAILURES + 1)
    return worst / _limit(sample, ARGO_LIMIT)


def flagger(sample: Sample, alpha: float) -> Array:
    """How far the tenth-worst minute so far lies above the limit, as a ratio."""
    del alpha
    return running_rank(sample.minute1, FLAGGER_FAILURES) / _limit(sample, FLAGGER_LIMIT)


def point_estimate(sample: Sample, alpha: float) -> Array:
    """Ratio of the candidate's mean to the old version's, from the minimum sample on."""
    del alpha
    enough = np.minimum(sample.served.units, sample.rest.units) >= POINT_UNITS
    return np.where(enough, quotient(sample.served.mean, sample.rest.mean), -np.inf)


def constant(value: float) -> Callable[[float], float]:
    """A bar that knows no α."""
    return lambda alpha: value


def _limit(sample: Sample, documented: float) -> float:
    return documented if sample.kind == "event" else ABOVE_HISTORY * sample.history
