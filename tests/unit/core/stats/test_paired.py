"""Paired comparisons: discordant pairs, one coin per user, score differences, and McNemar's exact test."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import events, paired
from serinus.core.stats.betting import SCALE
from serinus.core.stats.events import Margin
from serinus.core.stats.paired import Pairs

ALPHA = 0.05
EQUAL = Margin(1.0, 2.0)


def most_allowed(releases: int) -> int:
    """The count that a test with a true rate of exactly α exceeds once in a million runs."""
    return int(stats.binom.ppf(1 - 1e-6, releases, ALPHA))


def alarms(s1: np.ndarray, s0: np.ndarray) -> int:
    """Rows (releases) that ever reach 1/α over their looks."""
    return int((events.harm(s1, s0, EQUAL) >= math.log(1 / ALPHA)).any(axis=1).sum())


def shadows(rng: np.random.Generator, releases: int, users: int, pairs: int) -> np.ndarray:
    """Candidate events less control events per pair; each user's questions suit one version, equally often either."""
    suits = rng.choice([0.05, 0.45], size=(releases, users, 1))
    one = rng.random((releases, users, pairs)) < suits
    zero = rng.random((releases, users, pairs)) < 0.5 - suits
    return one.astype(int) - zero.astype(int)


def test_one_coin_per_user_is_safe_and_several_are_wrong() -> None:
    """By the sign of each user's sum at most α; every pair by itself rolls back more than 3 healthy releases in 10."""
    differences = shadows(np.random.default_rng(1), 400, 200, 16)
    totals = differences.sum(axis=2)
    by_user = [np.cumsum(sign, axis=1)[:, 9::10] for sign in (totals > 0, totals < 0)]
    assert alarms(*by_user) <= most_allowed(400)
    by_pair = [np.cumsum((differences == side).sum(axis=2), axis=1)[:, 9::10] for side in (1, -1)]
    assert alarms(*by_pair) > 0.3 * 400


def test_a_user_is_the_sign_of_the_sum() -> None:
    """Several pairs of a user count once; a user whose pairs cancel, or who has none, is tied."""
    found = paired.of_units([[1], [-1], [1, 1, 1, -1], [-1, -1, -1, 1], [1, -1], [0], []])
    assert found == Pairs(candidate_only=2, control_only=2, tied=3)


def test_discordant_pairs_are_first_events_at_equal_shares() -> None:
    """Evidence is 4.1 on the discordant pairs; ties carry none."""
    pairs = Pairs(candidate_only=30, control_only=11, tied=900)
    margin = Margin(1.25, 2.0)
    assert paired.harm(pairs, margin).log_e == float(events.harm(30, 11, margin))
    assert paired.no_harm(pairs, 1.5).log_e == float(events.no_harm(30, 11, 1.5))
    assert paired.harm(pairs.plus(Pairs(tied=10**6)), margin) == paired.harm(pairs, margin)


@given(st.lists(st.integers(0, 10**9), min_size=9, max_size=9))
def test_pairs_merge_in_any_order(n: list[int]) -> None:
    """Over disjoint units, commutatively and associatively."""
    a, b, c = (Pairs(candidate_only=n[i], control_only=n[i + 3], tied=n[i + 6]) for i in range(3))
    assert a.plus(b).plus(c) == c.plus(b.plus(a))


def test_score_differences_have_mean_at_most_one() -> None:
    """Over all outcomes of six pairs of yes-no scores, dependent within a pair, at the edge of the null."""
    margin = 200_000
    joint = {(SCALE, SCALE): 0.4, (SCALE, 0): 0.1, (0, SCALE): 0.3, (0, 0): 0.2}  # control better by 0.2
    mean = 0.0
    for outcome in itertools.combinations_with_replacement(joint, 6):
        ways = math.factorial(6) // math.prod(math.factorial(outcome.count(pair)) for pair in set(outcome))
        chance = ways * math.prod(joint[pair] for pair in outcome)
        mean += chance * math.exp(paired.advanced(paired.opened(margin / SCALE), outcome).log_e)
    assert 1 - 1e-7 <= mean <= 1 + 1e-12


def test_score_differences_show_harm() -> None:
    """A drop of 0.1 on the same questions is shown beyond a margin of 0.02, in any order of the pairs."""
    rng = np.random.default_rng(2)
    zero = rng.uniform(0.5, 1.0, 300)
    one = np.clip(zero - 0.1 + rng.normal(0, 0.1, 300), 0, 1)
    scores = [(round(a * SCALE), round(b * SCALE)) for a, b in zip(one, zero, strict=True)]
    found = paired.advanced(paired.opened(0.02), scores)
    assert found.log_e > math.log(100)
    assert paired.advanced(paired.opened(0.02), scores[::-1]) == found


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (5, 1), (10, 10), (3, 20), (121, 59)])
def test_mcnemar_is_the_exact_binomial_test(b: int, c: int) -> None:
    """The p-value is that of a fair coin, two-sided; 1 without a discordant pair."""
    expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert paired.mcnemar(Pairs(candidate_only=b, control_only=c)) == pytest.approx(expected)


def test_no_discordant_pair_is_no_data() -> None:
    """Agreement throughout is log E = 0, with how many agreed."""
    for found in (paired.harm(Pairs(tied=7), EQUAL), paired.no_harm(Pairs(tied=7), 1.5)):
        assert (found.log_e, found.no_data) == (0.0, "no discordant pair among 7")


def test_bad_input_is_refused() -> None:
    """Counters below 0, margins that nothing can be shown inside of, scores beyond their range."""
    with pytest.raises(InvalidInput):
        Pairs(tied=-1)
    some = Pairs(candidate_only=3, control_only=1)
    with pytest.raises(InvalidInput):
        paired.harm(some, Margin(2.0, 2.0))
    with pytest.raises(InvalidInput):
        paired.no_harm(some, 1.0)
    for drop in (-0.1, 1.0, math.nan):
        with pytest.raises(InvalidInput):
            paired.opened(drop)
    with pytest.raises(InvalidInput):
        paired.advanced(paired.opened(0.0), [(SCALE + 1, 0)])
