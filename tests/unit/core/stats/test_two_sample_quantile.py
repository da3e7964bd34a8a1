"""The two-sample quantile test: published mixture, brute-force minimum, ties, and looks at any time."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import two_sample_quantile as quantiles

ALPHA = 0.05
SAMPLE = st.lists(st.integers(0, 30), min_size=1, max_size=40)


def log_m(below: float, n: int, q: float, kappa: float) -> float:
    """log of beta-binomial over binomial for whole `below`."""
    one = stats.betabinom.logpmf(below, n, kappa * q, kappa * (1 - q))
    return float(one - stats.binom.logpmf(below, n, q))


def test_published_value_of_the_mixture() -> None:
    """log M = −0.6941012 at S = 10, V = 100, tuned at V = 100, as published with Howard et al. 2021.

    Steps of −0.2 and 0.8 with V = 0.16 n: n = 625 coins of chance 0.2, of which S = k − 125, so k = 135.
    """
    kappa = quantiles.concentration(625, 0.05)
    assert float(quantiles.mixture(np.array(135.0), 625, 0.2, kappa)) == pytest.approx(-0.6941012, abs=1e-6)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("kappa", [0.5, 20.0])
def test_mixture_is_beta_binomial_over_binomial(q: float, kappa: float) -> None:
    """For whole counts M is the ratio of two probabilities."""
    for below in range(0, 41, 4):
        found = float(quantiles.mixture(np.array(float(below)), 40, q, kappa))
        assert found == pytest.approx(log_m(below, 40, q, kappa), abs=1e-9)


def brute(one: list[int], zero: list[int], q: float, kappa: float) -> float:
    """The least of G1 + G0 over every x, with M minimised over a fine grid between F(x−) and F(x)."""

    def g(values: list[int], x: float) -> float:
        n = len(values)
        low, high = sum(v < x for v in values), sum(v <= x for v in values)
        return float(quantiles.mixture(np.linspace(low, high, 400), n, q, kappa).min())

    points = sorted(set(one + zero))
    between = [points[0] - 1.0, points[-1] + 1.0, *(p + 0.5 for p in points)]
    return min(g(one, x) + g(zero, x) for x in [*points, *between])


@settings(max_examples=15, deadline=None)
@given(SAMPLE, SAMPLE, st.sampled_from([0.25, 0.5, 0.9]))
def test_log_e_is_the_least_over_the_unknown_quantile(one: list[int], zero: list[int], q: float) -> None:
    """The minimum over all x, found by trying them all, with ties and between values."""
    found = quantiles.difference(Counter(one), Counter(zero), q, 10.0).log_e
    exact = brute(one, zero, q, 10.0)
    assert exact - 0.02 <= found <= exact + 1e-9


@given(SAMPLE, SAMPLE, st.integers(2, 9))
def test_any_monotone_index_serves(one: list[int], zero: list[int], factor: int) -> None:
    """Values, their buckets or their squares give the same evidence, in either order of the arms."""
    plain = quantiles.difference(Counter(one), Counter(zero), 0.5, 10.0)
    moved = quantiles.difference(Counter(v * v * factor for v in one), Counter(v * v * factor for v in zero), 0.5, 10.0)
    assert moved == plain
    assert quantiles.difference(Counter(zero), Counter(one), 0.5, 10.0).log_e == pytest.approx(plain.log_e)


def test_equal_arms_looked_at_often_are_safe_and_slower_ones_are_seen() -> None:
    """200 healthy releases looked at 10 times: at most α; medians 30 % apart are seen in 9 of 10."""
    rng = np.random.default_rng(1)
    kappa = quantiles.concentration(800, ALPHA)

    def alarms(slower: float, releases: int) -> int:
        found = 0
        for _ in range(releases):
            arms = [np.rint(40 * rng.lognormal(m, 0.5, 1500)).astype(int) for m in (math.log(slower), 0.0)]
            found += any(
                quantiles.difference(*(Counter(arm[:n].tolist()) for arm in arms), 0.5, kappa).log_e
                >= math.log(1 / ALPHA)
                for n in range(150, 1501, 150)
            )
        return found

    assert alarms(1.0, 200) <= stats.binom.ppf(1 - 1e-6, 200, ALPHA)
    assert alarms(1.3, 40) >= 36


def test_mean_is_at_most_one_by_enumeration() -> None:
    """Over all counts at or below the common median of continuous arms, the product at that x has mean 1.

    E is at most this product, as it is the least over x.
    """
    n, q, kappa = 12, 0.5, 5.0
    mean = sum(stats.binom.pmf(k, n, q) * math.exp(log_m(k, n, q, kappa)) for k in range(n + 1))
    assert mean == pytest.approx(1.0)
    rng = np.random.default_rng(2)
    for _ in range(50):
        one, zero = (np.rint(rng.normal(0, 1000, n)).astype(int).tolist() for _ in range(2))
        at_truth = sum(
            float(quantiles.mixture(np.array(float(sum(v <= 0 for v in arm))), n, q, kappa)) for arm in (one, zero)
        )
        assert quantiles.difference(Counter(one), Counter(zero), q, kappa).log_e <= at_truth + 1e-9


def test_stable_at_1e8_values() -> None:
    """Two arms of 10⁸ values in 50 buckets: equal ones clear, shifted ones accuse, and all is finite."""
    weights = stats.norm.pdf(np.linspace(-3, 3, 50))
    equal = {i: round(10**8 * w / weights.sum()) for i, w in enumerate(weights)}
    moved = {i + 3: n for i, n in equal.items()}
    assert quantiles.difference(equal, equal, 0.5, 1e4).log_e < 0
    assert 1e5 < quantiles.difference(moved, equal, 0.5, 1e4).log_e < 1e8


def test_an_empty_arm_is_no_data() -> None:
    """Without values in an arm, or with counts of 0, log E = 0 with the reason."""
    for one, zero in (({}, {1: 5}), ({1: 5}, {}), ({1: 0}, {1: 5})):
        found = quantiles.difference(one, zero, 0.5, 10.0)
        assert (found.log_e, found.no_data) == (0.0, "an arm without values")


def test_bad_input_is_refused() -> None:
    """Quantiles and α outside (0, 1), priors worth nothing, counts below 0."""
    some = {1: 3}
    for quantile in (0.0, 1.0, math.nan):
        with pytest.raises(InvalidInput):
            quantiles.difference(some, some, quantile, 10.0)
    for kappa in (0.0, math.nan):
        with pytest.raises(InvalidInput):
            quantiles.difference(some, some, 0.5, kappa)
    with pytest.raises(InvalidInput):
        quantiles.difference({1: -3, 2: 5}, some, 0.5, 10.0)
    with pytest.raises(InvalidInput):
        quantiles.concentration(100, 1.0)
