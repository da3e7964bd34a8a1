"""Intervals of fixed samples against independent derivations and by their coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from serinus.core.stats.fixed_sample import kappa, paired_mean, pairs_needed, visible_drop, wilson


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (94, 120), (1, 1)])
def test_wilson_is_scipys(hits: int, n: int) -> None:
    """The score interval without continuity correction."""
    ours = wilson(hits, n)
    theirs = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert (ours.value, ours.low, ours.high) == pytest.approx((hits / n, theirs.low, theirs.high), abs=1e-12)


def test_nothing_seen_says_nothing() -> None:
    """Without data the interval is the whole scale."""
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    nothing = paired_mean([], [], [])
    assert (nothing.low, nothing.high) == (-1.0, 1.0)


def test_pairs_without_a_difference_leave_room_for_one() -> None:
    """100 equal pairs do not show that nothing ever differs."""
    found = paired_mean([0.0] * 100, [1.0] * 100, range(100))
    assert found.value == 0.0
    assert found.low < -0.02
    assert found.high > 0.02


def test_for_pass_and_fail_it_is_bonett_and_prices_interval() -> None:
    """Their formula (2012, eq. 8), with Student's quantile in place of the normal one."""
    wins, losses, n = 9, 21, 150
    found = paired_mean([1.0] * wins + [-1.0] * losses + [0.0] * (n - wins - losses), [1.0] * n, range(n))
    p12, p21 = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    half = stats.t.ppf(0.975, n + 1) * math.sqrt((p12 + p21 - (p12 - p21) ** 2) / (n + 2))
    assert (found.low, found.high) == pytest.approx((p12 - p21 - half, p12 - p21 + half), abs=1e-12)


@pytest.mark.parametrize(("lose", "win", "n"), [(0.05, 0.05, 100), (0.12, 0.02, 100), (0.01, 0.01, 60), (0.3, 0.1, 30)])
def test_D2_its_limits_hold_the_truth_as_often_as_they_say(lose: float, win: float, n: int) -> None:
    """In 4,000 samples of pairs at least 95 %, within the exact binomial bound of that many."""
    rng = np.random.default_rng(7)
    draws = rng.choice([-1.0, 0.0, 1.0], p=[lose, 1 - lose - win, win], size=(4000, n))
    held = 0
    for sample in draws:
        found = paired_mean(sample.tolist(), [1.0] * n, range(n))
        held += found.low <= win - lose <= found.high
    assert held >= stats.binom.ppf(1e-6, 4000, 0.95) - 40


def test_pairs_of_one_group_are_one_observation() -> None:
    """Ten copies of every pair, in groups, give no narrower interval than the pairs alone."""
    single = [1.0, -1.0, 0.0, 0.0, -1.0] * 8
    alone = paired_mean(single, [1.0] * 40, range(40))
    copied = paired_mean([d for d in single for _ in range(10)], [1.0] * 400, [i for i in range(40) for _ in range(10)])
    assert copied.high - copied.low >= (alone.high - alone.low) * 0.95
    naive = paired_mean([d for d in single for _ in range(10)], [1.0] * 400, range(400))
    assert naive.high - naive.low < (alone.high - alone.low) * 0.5


def test_weights_count() -> None:
    """A case of weight 3 counts like three cases in the estimate."""
    weighted = paired_mean([1.0, 0.0], [3.0, 1.0], [0, 1])
    assert weighted.value == 0.75


@pytest.mark.parametrize(("pairs", "points"), [(100, 8.8), (400, 4.4)])
def test_what_the_number_of_cases_can_show(pairs: int, points: float) -> None:
    """With 10 % discordant pairs 100 cases show 8.8 points, 400 show 4.4; the inverse agrees."""
    drop = visible_drop(pairs, 0.1)
    assert drop * 100 == pytest.approx(points, abs=0.06)
    assert pairs_needed(drop, 0.1) == pairs


def test_kappa_is_cohens() -> None:
    """His example of agreement beyond chance, by hand: observed 0.7, expected 0.5."""
    table = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    assert kappa(table) == pytest.approx(0.4)
    assert kappa({}) == 0.0
    assert kappa({("yes", "yes"): 9}) == 0.0
