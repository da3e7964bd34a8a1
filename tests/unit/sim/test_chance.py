"""Reproducible chance."""

from __future__ import annotations

import math
import statistics

import pytest
from scipy import stats

from serinus.sim.chance import Draws

PINNED = [955, 485, 865, 401, 66]
PINNED_KEY = "edf5bda245cfce08d16a92a246958d39"


def test_the_same_key_gives_the_same_numbers_and_another_key_others() -> None:
    """Numbers depend on the parts of the key and on nothing else."""
    first, again, other = Draws(1, "a"), Draws(1, "a"), Draws(1, "b")
    numbers = [first.uniform() for _ in range(20)]
    assert numbers == [again.uniform() for _ in range(20)]
    assert numbers != [other.uniform() for _ in range(20)]


def test_the_numbers_of_a_key_are_pinned() -> None:
    """A changed generator would change every published run: these values stay."""
    draws = Draws(1, "serinus")
    assert [draws.below(1000) for _ in range(5)] == PINNED
    assert Draws(1, "serinus").key_hex == PINNED_KEY


def test_parts_do_not_run_together() -> None:
    """("ab", "c") and ("a", "bc") are different keys."""
    assert Draws("ab", "c").key_hex != Draws("a", "bc").key_hex


def test_uniform_numbers_are_uniform_within_a_key_and_across_keys() -> None:
    """Kolmogorov and Smirnov find nothing in 20,000 numbers of one key, nor in the first ones of 20,000 keys."""
    draws = Draws("uniform")
    assert stats.kstest([draws.uniform() for _ in range(20_000)], "uniform").pvalue > 1e-4
    assert stats.kstest([Draws("key", n).uniform() for n in range(20_000)], "uniform").pvalue > 1e-4


def test_neighbouring_draws_are_uncorrelated() -> None:
    """The second number of a key tells nothing of the first, so flaws are independent."""
    pairs = []
    for n in range(20_000):
        draws = Draws("pair", n)
        pairs.append((draws.uniform(), draws.uniform()))
    assert abs(statistics.correlation(*zip(*pairs, strict=True))) < 4.0 / math.sqrt(len(pairs))


def test_log_normal_has_the_median_and_spread_that_it_says() -> None:
    """ln of the numbers is normal with mean ln(median) and deviation sigma."""
    draws = Draws("log-normal")
    logs = [math.log(draws.log_normal(250.0, 0.4)) for _ in range(20_000)]
    assert stats.kstest(logs, "norm", args=(math.log(250.0), 0.4)).pvalue > 1e-4


def test_exponential_has_the_mean_that_it_says() -> None:
    """Waiting times follow the exponential law."""
    draws = Draws("exponential")
    assert stats.kstest([draws.exponential(0.05) for _ in range(20_000)], "expon", args=(0, 0.05)).pvalue > 1e-4


@pytest.mark.parametrize("n", [1, 2, 7])
def test_below_reaches_every_integer(n: int) -> None:
    """All of [0, n) and nothing else."""
    draws = Draws("below", n)
    assert {draws.below(n) for _ in range(500)} == set(range(n))
