"""The sequential test on first bad events: against numerical integration and by exact enumeration."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from serinus.core.stats import events
from serinus.core.stats.events import Margin

MARGINS = [Margin(1.0, 2.0), Margin(1.25, 2.0), Margin(1.5, 3.0), Margin(2.0, 3.0)]
COUNTS = st.integers(0, 100_000_000)


def integrated(s1: int, s0: int, low: float, high: float, design: float, theta0: float) -> float:
    """log of the truncated beta mixture of likelihood ratios, by quadrature of its definition."""
    a, b = events.PRIOR_EVENTS * design, events.PRIOR_EVENTS * (1 - design)

    def log_prior(theta: float) -> float:
        return (a - 1) * math.log(theta) + (b - 1) * math.log1p(-theta)

    def log_ratio(theta: float) -> float:
        return s1 * math.log(theta / theta0) + s0 * math.log((1 - theta) / (1 - theta0))

    peak = max(log_ratio(t) for t in np.linspace(low + 1e-6, high - 1e-6, 2001))
    top, _ = integrate.quad(lambda t: math.exp(log_prior(t) + log_ratio(t) - peak), low, high, epsabs=0, limit=400)
    bottom, _ = integrate.quad(lambda t: math.exp(log_prior(t)), low, high, epsabs=0, limit=400)
    return peak + math.log(top / bottom)


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize(("s1", "s0"), [(0, 0), (1, 0), (0, 1), (9, 3), (3, 9), (40, 22), (22, 40), (400, 350)])
def test_harm_is_the_mixture_above_the_margin(s1: int, s0: int, margin: Margin) -> None:
    """The closed form equals the prior's mean of the likelihood ratio over θ > θ0."""
    theta0, design = events.candidate_chance(margin.max_ratio), events.candidate_chance(margin.design_ratio)
    assert float(events.harm(s1, s0, margin)) == pytest.approx(
        integrated(s1, s0, theta0, 1.0, design, theta0), rel=1e-7, abs=1e-7
    )


@pytest.mark.parametrize("max_ratio", [1.1, 1.25, 2.0])
@pytest.mark.parametrize(("s1", "s0"), [(0, 0), (1, 0), (9, 3), (3, 9), (40, 42)])
def test_no_harm_is_the_mixture_below_the_margin(s1: int, s0: int, max_ratio: float) -> None:
    """Promotion mirrors the closed form: the prior's mean over θ < θ0, designed for equal rates."""
    theta0 = events.candidate_chance(max_ratio)
    assert float(events.no_harm(s1, s0, max_ratio)) == pytest.approx(
        integrated(s1, s0, 0.0, theta0, 0.5, theta0), rel=1e-7, abs=1e-7
    )


@pytest.mark.parametrize(("s1", "s0"), [(0, 0), (12, 3), (50, 50)])
def test_two_sided_is_the_whole_mixture(s1: int, s0: int) -> None:
    """The two-sided form is the mean over all θ of a prior about equal rates."""
    assert float(events.difference(s1, s0)) == pytest.approx(integrated(s1, s0, 0.0, 1.0, 0.5, 0.5), rel=1e-7, abs=1e-7)


@given(s1=COUNTS, s0=COUNTS, margin=st.sampled_from(MARGINS))
@settings(max_examples=300, deadline=None)
def test_martingale_at_the_boundary(s1: int, s0: int, margin: Margin) -> None:
    """E[E_{n+1} | n] = E_n for r = r0 at any counts up to 1e8: looking once more never pays."""
    theta0 = events.candidate_chance(margin.max_ratio)
    now = float(events.harm(s1, s0, margin))
    then = [float(events.harm(s1 + 1, s0, margin)), float(events.harm(s1, s0 + 1, margin))]
    mean = special.logsumexp(then, b=[theta0, 1 - theta0])
    assert mean == pytest.approx(now, rel=1e-13, abs=2e-9)


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("ratio_of_margin", [0.3, 0.8, 1.0])
def test_mean_is_at_most_one_by_enumeration(margin: Margin, ratio_of_margin: float) -> None:
    """Over all 2^12 orders of twelve events the mean of E is exactly 1 at the margin and below 1 inside it."""
    theta = events.candidate_chance(ratio_of_margin * margin.max_ratio)
    e_of = [math.exp(float(events.harm(s1, 12 - s1, margin))) for s1 in range(13)]
    total = math.fsum(
        e_of[sum(order)] * math.prod(theta if one else 1 - theta for one in order)
        for order in product((0, 1), repeat=12)
    )
    if ratio_of_margin == 1.0:
        assert total == pytest.approx(1.0, abs=1e-12)
    else:
        assert total < 1.0


def test_false_alarm_is_at_most_alpha_by_enumeration() -> None:
    """Stopping at the first crossing within 60 events, the exact chance of a false alarm stays below α."""
    margin, alpha, theta0 = Margin(1.25, 2.0), 0.05, events.candidate_chance(1.25)
    alive, alarm = {0: 1.0}, 0.0
    for n in range(1, 61):
        following: dict[int, float] = {}
        for s1, chance in alive.items():
            following[s1 + 1] = following.get(s1 + 1, 0.0) + chance * theta0
            following[s1] = following.get(s1, 0.0) + chance * (1 - theta0)
        crossed = {s1 for s1 in following if float(events.harm(s1, n - s1, margin)) >= math.log(1 / alpha)}
        alarm += math.fsum(following[s1] for s1 in crossed)
        alive = {s1: chance for s1, chance in following.items() if s1 not in crossed}
    assert 0.001 < alarm <= alpha


@given(s1=st.integers(0, 10_000_000), s0=st.integers(0, 10_000_000), margin=st.sampled_from(MARGINS))
@settings(max_examples=200, deadline=None)
def test_harm_grows_with_candidate_events_only(s1: int, s0: int, margin: Margin) -> None:
    """One more bad event of the candidate raises the evidence, one more of the control lowers it."""
    now = float(events.harm(s1, s0, margin))
    assert float(events.harm(s1 + 1, s0, margin)) > now - 1e-9
    assert float(events.harm(s1, s0 + 1, margin)) < now + 1e-9


def test_only_the_sums_count() -> None:
    """Arrays of counts give the same values as the counts one by one: batches change nothing."""
    s1, s0 = np.arange(50), np.arange(50)[::-1]
    together = events.harm(s1, s0, Margin(1.25, 2.0))
    assert [float(events.harm(int(x), int(y), Margin(1.25, 2.0))) for x, y in zip(s1, s0, strict=True)] == list(
        together
    )


def test_no_events_are_no_evidence() -> None:
    """Without events every e-value is exactly 1."""
    assert float(events.harm(0, 0, Margin(1.25, 2.0))) == 0.0
    assert float(events.no_harm(0, 0, 1.25)) == 0.0
    assert float(events.difference(0, 0)) == 0.0
    assert events.harm_in_strata([0, 0], [0, 0], [0.5, 0.9], 1.25) == pytest.approx(0.0, abs=1e-12)


def test_interval_ends_where_the_test_refutes() -> None:
    """The confidence sequence holds the ratios that the two-sided test has not refuted, and covers the estimate."""
    low, high = events.ratio_interval(30, 9, 0.05)
    assert 1.0 < low < 30 / 9 < high
    assert float(events.difference(30, 9, low)) == pytest.approx(math.log(20), abs=1e-6)
    assert float(events.difference(30, 9, high)) == pytest.approx(math.log(20), abs=1e-6)
    assert events.ratio_interval(0, 0, 0.05) == (0.0, math.inf)
    assert events.ratio_interval(0, 9, 0.05)[0] == 0.0


@pytest.mark.parametrize("max_ratio", [1.0, 1.5, 3.0])
def test_grid_is_a_martingale_in_every_stratum(max_ratio: float) -> None:
    """With unequal shares the grid mixture is a martingale at the margin, whichever stratum the next event is of."""
    x1, x0, shares = np.array([4, 11]), np.array([2, 1]), np.array([0.5, 0.99])
    for grid in (events.harm_in_strata, events.no_harm_in_strata):
        now = grid(x1, x0, shares, max_ratio)
        for s, share in enumerate(shares):
            theta0 = events.candidate_chance(max_ratio, float(share))
            one = np.eye(2, dtype=int)[s]
            then = [grid(x1 + one, x0, shares, max_ratio), grid(x1, x0 + one, shares, max_ratio)]
            assert special.logsumexp(then, b=[theta0, 1 - theta0]) == pytest.approx(now, abs=1e-10)


def test_grid_agrees_with_closed_form_in_direction() -> None:
    """On one stratum of equal shares both tests see clear harm, and neither sees harm in clear health."""
    assert events.harm_in_strata([60], [20], [0.5], 1.25) > math.log(20)
    assert float(events.harm(60, 20, Margin(1.25, 2.0))) > math.log(20)
    assert events.harm_in_strata([20], [60], [0.5], 1.25) < 0
    assert events.no_harm_in_strata([20], [60], [0.5], 1.25) > math.log(20)


def test_impossible_margins_are_refused() -> None:
    """A design inside the margin, and a promotion margin of 0, cannot be tested."""
    with pytest.raises(ValueError, match="design ratio"):
        events.harm(1, 1, Margin(2.0, 2.0))
    with pytest.raises(ValueError, match="margin"):
        events.no_harm(1, 1, 1.0)
    with pytest.raises(ValueError, match="below 0"):
        events.harm(-1, 1, Margin(1.0, 2.0))
