"""Bounds: the figures of the page, brute-force minimisation, and edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import efficiency

RATES = st.floats(1e-6, 1 - 1e-6)


@pytest.mark.parametrize(("control", "candidate", "units"), [(0.02, 0.04, 1711), (0.02, 0.06, 551), (0.05, 0.10, 653)])
def test_figures_of_the_page(control: float, candidate: float, units: int) -> None:
    """At α = .05 and equal shares the bounds are 1,711, 551 and 653 enrolled units."""
    assert round(efficiency.events_bound(candidate, control, 0.05)) == units


@given(RATES, RATES)
def test_kl_is_that_of_two_coins(p: float, q: float) -> None:
    """kl agrees with its definition, is 0 for equal coins and never negative."""
    direct = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert efficiency.kl(p, q) == pytest.approx(direct, abs=1e-12)
    assert efficiency.kl(p, q) >= 0.0
    assert efficiency.kl(p, p) == 0.0


def test_kl_of_certain_coins() -> None:
    """0 log 0 is 0, and what q forbids is infinitely far."""
    assert efficiency.kl(0.0, 0.5) == pytest.approx(math.log(2))
    assert efficiency.kl(1.0, 0.5) == pytest.approx(math.log(2))
    assert efficiency.kl(0.5, 0.0) == math.inf


@pytest.mark.parametrize("max_ratio", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_information_is_the_least_over_the_null(max_ratio: float, share: float) -> None:
    """No pair of rates inside the null is nearer to the truth, searched on a fine grid."""
    p1, p0 = 0.09, 0.03
    found = efficiency.event_information(p1, p0, share, max_ratio)
    q0 = np.linspace(1e-4, 0.2, 1500)[:, None]
    q1 = q0 * max_ratio * np.linspace(0.2, 1.0, 60)
    q1 = np.minimum(q1, 0.999)

    def kl(p: float, q: np.ndarray) -> np.ndarray:
        return np.asarray(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))

    grid = share * kl(p1, q1) + (1 - share) * kl(p0, q0)
    assert found <= float(grid.min()) * (1 + 1e-9)
    assert found == pytest.approx(float(grid.min()), rel=1e-3)


def test_inside_the_margin_there_is_no_bound() -> None:
    """What is tolerated can never be shown to be harm: infinitely many units."""
    assert efficiency.events_bound(0.03, 0.02, 0.05, max_ratio=2.0) == math.inf
    assert efficiency.events_bound(0.02, 0.02, 0.05) == math.inf
    assert efficiency.means_bound(0.2, 0.02, 0.05, max_drop=0.02) == math.inf


def test_means_bound_is_that_of_normal_outcomes() -> None:
    """Least divergence of two normal arms from any pair of equal means, searched on a fine grid."""
    sd, drop, share = 0.2, 0.05, 0.3
    middle = np.linspace(-drop, drop, 20_001)
    divergence = (share * (middle + drop) ** 2 + (1 - share) * middle**2) / (2 * sd**2)
    assert efficiency.means_bound(sd, drop, 0.01, share) == pytest.approx(math.log(100) / divergence.min(), rel=1e-6)
    assert efficiency.means_bound(sd, drop + 0.03, 0.01, share, max_drop=0.03) == pytest.approx(
        efficiency.means_bound(sd, drop, 0.01, share)
    )


def test_paired_bound_is_kept_by_a_test_that_knows_the_truth() -> None:
    """Wald's test of two known normals needs about the bound, and not less."""
    sd, mean = 0.3, 0.06
    bound = efficiency.paired_bound(sd, mean, 0.05)
    assert bound == pytest.approx(2 * sd**2 * math.log(20) / mean**2)
    rng = np.random.default_rng(1)
    steps = mean / sd**2 * (rng.normal(mean, sd, (2000, 1200)) - mean / 2)
    first = (np.cumsum(steps, axis=1) >= math.log(20)).argmax(axis=1) + 1
    assert bound * 0.95 <= first.mean() <= bound * 1.3
    assert efficiency.eta(float(first.mean()), bound) == pytest.approx(first.mean() / bound)


def test_wald_for_events_needs_the_bound() -> None:
    """Against the worst null, knowing both rates, the mean number of units is about the bound, and not below it."""
    p1, p0, alpha = 0.10, 0.05, 0.05
    q = (p1 + p0) / 2
    rng = np.random.default_rng(2)
    arm = rng.random((1500, 6000)) < 0.5
    event = rng.random((1500, 6000)) < np.where(arm, p1, p0)
    p = np.where(arm, p1, p0)
    steps = np.where(event, np.log(p / q), np.log((1 - p) / (1 - q)))
    reached = np.cumsum(steps, axis=1) >= math.log(1 / alpha)
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 6000)
    bound = efficiency.events_bound(p1, p0, alpha)
    assert bound - 3 * stats.sem(first) <= first.mean() <= 1.25 * bound


@pytest.mark.parametrize("bad", [0.0, 1.0, -0.1, math.nan])
def test_rates_levels_and_shares_are_probabilities(bad: float) -> None:
    """A rate, share or α outside (0, 1) is refused."""
    for arguments in ((bad, 0.1, 0.05, 0.5), (0.2, bad, 0.05, 0.5), (0.2, 0.1, bad, 0.5), (0.2, 0.1, 0.05, bad)):
        with pytest.raises(InvalidInput):
            efficiency.events_bound(*arguments)
    with pytest.raises(InvalidInput):
        efficiency.means_bound(0.2, 0.05, bad)
    with pytest.raises(InvalidInput):
        efficiency.kl(0.5, 1.5)


def test_scales_are_above_zero() -> None:
    """No standard deviation, no mean difference, no bound: refused."""
    with pytest.raises(InvalidInput):
        efficiency.means_bound(0.0, 0.05, 0.05)
    with pytest.raises(InvalidInput):
        efficiency.paired_bound(0.3, 0.0, 0.05)
    with pytest.raises(InvalidInput):
        efficiency.eta(10.0, 0.0)
