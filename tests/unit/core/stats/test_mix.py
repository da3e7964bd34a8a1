"""A shift of a mix: an e-value by enumeration, error rate in simulation, and what it sees."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import mix


@pytest.mark.parametrize("p", [0.5, 0.1, 0.02])
def test_the_mean_is_at_most_one_by_enumeration(p: float) -> None:
    """Over all sequences of two categories in two arms of four units each, under one mix of both."""
    mean = 0.0
    for candidate in itertools.product((0, 1), repeat=4):
        for control in itertools.product((0, 1), repeat=4):
            ones = sum(candidate) + sum(control)
            chance = p**ones * (1 - p) ** (8 - ones)
            mean += chance * math.exp(
                mix.shifted((sum(candidate), 4 - sum(candidate)), (sum(control), 4 - sum(control)))
            )
    assert mean <= 1 + 1e-12


@pytest.mark.parametrize("mixed", [(0.5, 0.3, 0.2), (0.96, 0.02, 0.02), tuple([1 / 16] * 16)])
def test_false_alarms_stay_below_alpha(mixed: tuple[float, ...]) -> None:
    """400 releases looked at at every 40 hand-overs; the candidate has twice as many, which is no shift."""
    rng, alpha, alarms = np.random.default_rng(1), 0.05, 0
    for _ in range(400):
        candidate = np.cumsum(rng.multinomial(27, mixed, 25), axis=0)
        control = np.cumsum(rng.multinomial(13, mixed, 25), axis=0)
        looks = zip(candidate.tolist(), control.tolist(), strict=True)
        alarms += any(mix.shifted(c, n) >= math.log(1 / alpha) for c, n in looks)
    assert alarms <= stats.binom.ppf(1 - 1e-6, 400, alpha)


def test_a_shift_is_seen() -> None:
    """From 20 % to 50 % of one category, in nearly all of 100 releases of 300 hand-overs an arm, at α = .001."""
    rng = np.random.default_rng(2)
    seen = 0
    for _ in range(100):
        candidate, control = rng.multinomial(300, (0.5, 0.3, 0.2)), rng.multinomial(300, (0.2, 0.5, 0.3))
        seen += mix.shifted(candidate.tolist(), control.tolist()) >= math.log(1000)
    assert seen >= 98


def test_it_does_not_matter_which_arm_or_category_is_which() -> None:
    """And no hand-overs say nothing."""
    assert mix.shifted((5, 0, 2), (1, 7, 3)) == pytest.approx(mix.shifted((7, 3, 1), (0, 2, 5)))
    assert mix.shifted((), ()) == 0.0
    assert mix.shifted((0, 0), (0, 0)) == 0.0


@pytest.mark.parametrize(("candidate", "control"), [((1,), ()), ((-1,), (1,)), ((1,) * 17, (1,) * 17)])
def test_what_is_no_mix_is_refused(candidate: tuple[int, ...], control: tuple[int, ...]) -> None:
    """Other categories in each arm, counts below 0, more categories than cells."""
    with pytest.raises(InvalidInput):
        mix.shifted(candidate, control)
