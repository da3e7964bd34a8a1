"""Serinus' own judgement of many releases at once, by the functions of the product.

First events go through `core.stats.events.harm`, restarts, renewals and guardrails through the weights of
`core.stats.renewal` and `core.stats.combine`, as `core.decision.harm.judge_harm` does; a test asks that function about
the same positions and wants the same log E.
Scores are betting (4.3, see `betting`), restarted with the units enrolled from a step on, as `core.decision.labels`
reads them; they are held to `judge_harm` likewise. A latency has two guardrails that share α: p95 by exceedance (4.4),
and the mean by an estimate with its standard error (4.2), whose evidence is `core.stats.estimate.harm` in arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from bench.judging import renewing
from bench.judging.sample import STARTS, Array, Sample
from serinus.core.stats import combine, estimate, renewal
from serinus.core.stats.betting import LOG_WEIGHTS
from serinus.core.stats.events import Margin

PLAIN, DEFAULT = Margin(1.0, 2.0), Margin(1.25, 2.0)
FIRST_GATE_UNITS = 200
"""Units per arm at the first gate, for which the mixture of 4.2 is tuned; spread of values as a share of the mean."""
VARIATION = 0.5
SLOWER = 0.10


def strength(samples: Sequence[Sample], alpha: float) -> Array:
    """log E of the release at no margin, the null that rivals test."""
    return _release(samples, alpha, 0)


def with_margins(samples: Sequence[Sample], alpha: float) -> Array:
    """log E of the release at the default margins: ratio 1.25, score drop .02, latency 10 %."""
    return _release(samples, alpha, 1)


def _release(samples: Sequence[Sample], alpha: float, margin: int) -> Array:
    # A latency has two guardrails; each has its share of α.
    number = sum(2 if sample.kind == "latency" else 1 for sample in samples)
    scheme = renewal.of_level(alpha / number)
    guardrails = [log_e for sample in samples for log_e in _guardrails(sample, alpha, margin, scheme)]
    return weighted(guardrails, combine.normalised([1.0] * len(guardrails)))


def bar(alpha: float) -> float:
    """log 1/α."""
    return math.log(1.0 / alpha)


def weighted(parts: Sequence[Array], weights: Sequence[float]) -> Array:
    """`combine.mixed` of arrays."""
    stacked = np.stack(parts) + np.log(np.asarray(weights))[:, None, None]
    return np.asarray(special.logsumexp(stacked, axis=0))


def _guardrails(sample: Sample, alpha: float, margin: int, scheme: renewal.Scheme) -> list[Array]:
    if sample.capital is not None:
        assert sample.renewed is not None
        return [renewed_scores(sample.capital[margin], *sample.renewed[margin], scheme)]
    assert sample.counts is not None
    ratio = DEFAULT if margin and sample.kind == "event" else PLAIN
    found = [renewing.log_e(*sample.counts[margin], ratio, STARTS, scheme)]
    if sample.kind == "latency":
        found.append(mean_log_e(sample, alpha, math.log1p(SLOWER) if margin else 0.0))
    return found


def renewed_scores(capital: Array, renewed: Array, ahead: Array, scheme: renewal.Scheme) -> Array:
    """log of the weighted mean over restarts, of log capitals (restart, release, look, bet), bets that began anew
    (release, look, bet), and the weight of those to come (release, look)."""
    parts = [*(bet_mixture(since) for since in capital), bet_mixture(renewed), np.log(ahead)]
    return weighted(parts, [*renewal.step_weights(scheme, len(capital)), scheme.renewed, scheme.renewed])


def bet_mixture(capital: Array) -> Array:
    """log of the mean capital over the grid of bets."""
    return np.asarray(special.logsumexp(capital + np.array(LOG_WEIGHTS), axis=2))


def mean_log_e(sample: Sample, alpha: float, margin: float) -> Array:
    """Test 4.2 on the log ratio of means; E = 1 below 100 units in an arm."""
    one, zero = sample.candidate, sample.control
    enough = np.minimum(one.units, zero.units) >= 100
    relative = [np.divide(s.variance, s.units * s.mean**2, out=np.ones_like(s.mean), where=enough) for s in (one, zero)]
    ratio = np.divide(one.mean, zero.mean, out=np.ones_like(one.mean), where=enough)
    tau = estimate.mixture_sd(FIRST_GATE_UNITS / (2.0 * VARIATION**2), alpha, one_sided=True)
    return np.where(enough, estimate_harm(np.log(ratio), relative[0] + relative[1], tau, margin), 0.0)


def estimate_harm(value: Array, variance: Array, tau: float, margin: float) -> Array:
    """`estimate.harm` of arrays."""
    spread = tau * tau / variance
    x = (value - margin) / np.sqrt(variance) * np.sqrt(spread / (1.0 + spread))
    tail = np.where(x >= 0.0, 0.5 * x * x + special.log_ndtr(np.maximum(x, 0.0)), 0.0)
    below = np.log(0.5 * special.erfcx(-np.minimum(x, 0.0) * math.sqrt(0.5)))
    return np.asarray(math.log(2.0) - 0.5 * np.log1p(spread) + np.where(x >= 0.0, tail, below))
