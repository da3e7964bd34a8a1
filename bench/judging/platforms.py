"""Sequential tests of experiment platforms, from their documentation and code, and the z-test, looked at repeatedly.

GrowthBook, gbstats/frequentist/tests.py (`sequential_rho`, `sequential_interval_halfwidth_one_sided`), one-sided as for
the guardrails of safe rollouts; relative lift by the delta method. With N = units of both arms, SE that of the lift,

    ρ² = (−2 log 2α + log(1 − 2 log 2α)) / N*,   N* = 5,000 (`sequential_tuning_parameter`)
    half-width = √( SE² N · 2(Nρ² + 1)/(Nρ)² · log(1 + √(Nρ² + 1)/(2α)) )

Waudby-Smith et al. 2024, one-sided asymptotic confidence sequence. Guardrails are not corrected for their number.

Statsig, experiments/advanced-setup/sequential-testing ("one-sided tests"), after Zhao, Liu & Deb 2019. With V the
variance of the difference of means,

    Z* = √( (V + τ)/τ · (−2 log α − log(V/(V + τ))) ),   τ = Z_α² (var_t + var_c)/(N_t + N_c)

Both give every unit one value and compare arms of equal slices, which is how they work best.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from bench.judging.method import quotient
from bench.judging.sample import Array, Sample

GROWTHBOOK_N = 5_000.0
TUNED_N = 3_000.0
"""About where a doubled failure rate is found; GrowthBook advises the sample at which decisions are made."""
LEAST_UNITS = 100


def z_test(sample: Sample, alpha: float) -> Array:
    """One-sided z of the difference of means, of requests, pooled over the steps, from 100 of each on."""
    del alpha
    one, zero = sample.served, sample.rest
    spread = quotient(one.variance, one.units) + quotient(zero.variance, zero.units)
    enough = (np.minimum(one.units, zero.units) >= LEAST_UNITS) & (spread > 0)
    z = np.divide(one.mean - zero.mean, np.sqrt(spread, where=enough, out=np.ones_like(spread)))
    return np.where(enough, z, -np.inf)


def z_bar(alpha: float) -> float:
    """z_{1−α}."""
    return -float(special.ndtri(alpha))


def growthbook(sample: Sample, alpha: float, tuning: float = GROWTHBOOK_N) -> Array:
    """Relative lift over the half-width of its confidence sequence: significant above 1."""
    one, zero = sample.candidate, sample.control
    lift, variance = lift_of(sample)
    n = np.maximum(one.units + zero.units, 1.0)
    usable = np.isfinite(variance) & (variance > 0)
    half = half_width(np.where(usable, variance, 1.0), n, alpha, tuning)
    return np.where(usable, lift / half, -np.inf)


def lift_of(sample: Sample) -> tuple[Array, Array]:
    """The relative lift and its delta-method variance, inf where control has no value to divide by."""
    one, zero = sample.candidate, sample.control
    known = (zero.mean > 0) & (np.minimum(one.units, zero.units) > 1)
    m0 = np.where(known, zero.mean, 1.0)
    n1, n0 = np.maximum(one.units, 1.0), np.maximum(zero.units, 1.0)
    variance = one.variance / (m0**2 * n1) + zero.variance * one.mean**2 / (m0**4 * n0)
    return np.where(known, one.mean / m0 - 1.0, 0.0), np.where(known, variance, np.inf)


def half_width(variance: Array, n: Array, alpha: float, tuning: float) -> Array:
    """The one-sided half-width for an estimate of this variance after n units."""
    spent = math.log(2.0 * alpha)
    rho2 = (-2.0 * spent + math.log(1.0 - 2.0 * spent)) / tuning
    grown = n * rho2 + 1.0
    return np.sqrt(variance * n * 2.0 * grown / (n * n * rho2) * np.log1p(np.sqrt(grown) / (2.0 * alpha)))


def statsig(sample: Sample, alpha: float) -> Array:
    """z over the modified critical value Z*: significant above 1."""
    one, zero = sample.candidate, sample.control
    n1, n0 = np.maximum(one.units, 1.0), np.maximum(zero.units, 1.0)
    v = one.variance / n1 + zero.variance / n0
    usable = (v > 0) & (np.minimum(one.units, zero.units) > 1)
    v = np.where(usable, v, 1.0)
    tau = np.where(usable, z_bar(alpha) ** 2 * (one.variance + zero.variance) / (n1 + n0), 1.0)
    critical = np.sqrt((v + tau) / tau * (-2.0 * math.log(alpha) - np.log(v / (v + tau))))
    return np.where(usable, (one.mean - zero.mean) / np.sqrt(v) / critical, -np.inf)
