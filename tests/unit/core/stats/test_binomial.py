"""How likely so many bad calls are by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from serinus.core.stats.binomial import least_rare, poisson_quantile, tail


@pytest.mark.parametrize(("calls", "share"), [(1, 0.5), (7, 0.025), (50, 0.025), (60, 0.3)])
def test_the_tail_is_the_sum_of_its_terms(calls: int, share: float) -> None:
    """Against the binomial coefficients, one by one."""
    terms = [math.comb(calls, b) * share**b * (1 - share) ** (calls - b) for b in range(calls + 1)]
    for bad in range(calls + 1):
        assert float(tail(bad, calls, share)) == pytest.approx(math.fsum(terms[bad:]), rel=1e-9)


def test_the_ends_are_certain() -> None:
    """Nothing bad is never rare; and what tolerates nothing is never broken by chance."""
    assert tail([0, 0], [0, 100], 0.025).tolist() == [1.0, 1.0]
    assert tail([1, 3], [1, 100], 0.0).tolist() == [0.0, 0.0]
    assert np.all(np.diff(tail(np.arange(101), np.full(101, 100), 0.1)) < 0)


@pytest.mark.parametrize("chance", [1e-9, 1e-6, 0.001, 0.05, 0.5])
@pytest.mark.parametrize("share", [1e-4, 0.01, 0.025, 0.3, 0.9])
def test_the_least_rare_count_is_that_of_another_derivation(chance: float, share: float) -> None:
    """As scipy.stats has it, from no calls to a hundred thousand."""
    calls = np.array([0, 1, 2, 5, 20, 100, 1234, 100_000], dtype=float)
    assert list(least_rare(chance, calls, share)) == list(np.maximum(stats.binom.isf(chance, calls, share), 0))


def test_poisson_quantiles_are_those_of_another_derivation() -> None:
    """As scipy.stats has them, for rows of means and columns of parts."""
    parts, means = (np.arange(33) + 0.5) / 33, np.array([[1e-9], [0.1], [1.0], [7.5], [1e3], [1e6]])
    assert np.array_equal(poisson_quantile(parts, means), stats.poisson.ppf(parts, means))


def test_more_than_all_cannot_be_bad() -> None:
    """Not even by a small chance."""
    assert list(tail([4.0, 1.0, 0.0], [3.0, 0.0, 0.0], 0.3)) == [0.0, 0.0, 1.0]
