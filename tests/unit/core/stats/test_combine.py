"""Combining e-values: the mean keeps the guarantee, e-Holm names only who is guilty."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.stats import combine


@given(steps=st.integers(1, 30))
def test_restart_weights_sum_to_one(steps: int) -> None:
    """Weights are fixed by the number of steps and sum to 1, so that the mixture is an e-value."""
    weights = combine.restart_weights(steps)
    assert len(weights) == steps
    assert math.fsum(weights) == pytest.approx(1.0)
    assert all(weight > 0 for weight in weights)


def test_missing_data_are_one() -> None:
    """A process that has not begun counts as E = 1 and can only dilute."""
    assert combine.mixed([0.0, 0.0], [0.5, 0.5]) == pytest.approx(0.0)
    assert combine.mixed([math.log(300), 0.0], [0.5, 0.5]) == pytest.approx(math.log(150.5))
    assert combine.mixed([], []) == 0.0


def test_mixture_holds_huge_evidence() -> None:
    """Evidence beyond what a float can hold stays finite in log space."""
    assert combine.mixed([5000.0, -5000.0], [0.5, 0.5]) == pytest.approx(5000.0 + math.log(0.5))
    assert combine.culprits([5000.0, -5000.0], [0.5, 0.5], 0.01) == (0,)


@given(
    log_e=st.lists(st.floats(-20, 20), min_size=1, max_size=6),
    raw=st.lists(st.floats(0.1, 5), min_size=6, max_size=6),
    alpha=st.sampled_from([0.05, 0.01]),
)
def test_culprits_are_the_closure_of_the_mean(log_e: list[float], raw: list[float], alpha: float) -> None:
    """e-Holm agrees with trying every set of hypotheses."""
    weights = combine.normalised(raw[: len(log_e)])
    e = [math.exp(x) for x in log_e]
    everyone = range(len(e))

    def least(k: int) -> float:
        sets = (s for size in range(1, len(e) + 1) for s in combinations(everyone, size) if k in s)
        return min(sum(weights[i] * e[i] for i in s) / sum(weights[i] for i in s) for s in sets)

    named = combine.culprits(log_e, weights, alpha)
    for k in everyone:
        if abs(least(k) * alpha - 1) > 1e-9:
            assert (k in named) == (least(k) >= 1 / alpha)


def test_one_e_value_for_each_weight() -> None:
    """Unequal lengths are a fault of the caller."""
    with pytest.raises(ValueError, match="weights"):
        combine.mixed([0.0], [0.5, 0.5])
