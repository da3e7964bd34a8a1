"""Means of bounded scores: their errors, and how often a mean is beyond a bound by chance (J1)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from serinus.core.stats.means import LEAST, Mean, chance, mean_of


def of(scores: list[float]) -> Mean:
    """The mean of these."""
    found = mean_of(len(scores), math.fsum(scores), math.fsum(x * x for x in scores))
    assert found is not None
    return found


def test_the_mean_of_sums_is_that_of_the_scores() -> None:
    """Its error is that of the same scores with one more of 0 and one of 1, as numpy has it."""
    scores = [float(x) for x in np.random.default_rng(4).beta(8, 2, 200)]
    found = of(scores)
    assert found.value == pytest.approx(np.mean(scores))
    assert found.error == pytest.approx(np.std([*scores, 0.0, 1.0], ddof=1) / math.sqrt(200))
    assert mean_of(0, 0.0, 0.0) is None


def test_the_chance_is_students_of_one_mean_and_of_two() -> None:
    """One against a bound, and two against each other with a factor; nothing is said of few."""
    one, other = Mean(0.70, 0.03, 120), Mean(0.80, 0.04, 90)
    assert chance(0.1, one) == pytest.approx(stats.t.sf(0.1 / 0.03, 119))
    assert chance(0.05, one, other, 0.9) == pytest.approx(stats.t.sf(0.05 / math.hypot(0.03, 0.9 * 0.04), 89))
    assert chance(0.5, Mean(0.1, 0.01, LEAST - 1)) == 1.0


@pytest.mark.parametrize("n", [20, 50, 100, 400])
@pytest.mark.parametrize(("bound", "side"), [(0.80, -1), (0.82, -1), (0.95, -1), (0.02, 1), (0.05, 1)])
def test_J1_a_version_at_the_bound_is_beyond_it_no_more_often_than_allowed(n: int, bound: float, side: int) -> None:
    """Exactly, over all outcomes of a judge who says right or wrong, which vary most."""
    for allowed in (0.05, 0.01, 0.001):
        stopped = 0.0
        for right in range(n + 1):
            mean = mean_of(n, right, right)
            assert mean is not None
            distance = side * (mean.value - bound)
            if distance > 0 and chance(distance, mean) <= allowed:
                stopped += float(stats.binom.pmf(right, n, bound))
        assert stopped <= allowed


def test_J1_scores_that_are_all_alike_are_not_taken_for_certain() -> None:
    """A hundred times 0.795 is no evidence of a mean below 0.8, a hundred times 0.7 is."""
    near, far = of([0.795] * 100), of([0.7] * 100)
    assert chance(0.8 - near.value, near) > 0.1
    assert chance(0.8 - far.value, far) < 1e-9


def test_J1_a_healthy_version_is_not_stopped_by_luck_and_a_bad_one_is() -> None:
    """Of 100 answers right with 0.88, the mean of an hour is below 0.80 once in 100, and by more than luck hardly ever;
    of 400 right with 0.70 it nearly always is."""

    def stopped(n: int, right: float, allowed: float) -> float:
        found = 0.0
        for count in range(n + 1):
            mean = mean_of(n, count, count)
            assert mean is not None
            if mean.value < 0.8 and chance(0.8 - mean.value, mean) <= allowed:
                found += float(stats.binom.pmf(count, n, right))
        return found

    assert 0.005 < stopped(100, 0.88, 1.0) < 0.02
    assert stopped(100, 0.88, 0.01) < 1e-6
    assert stopped(400, 0.70, 0.01) > 0.95
