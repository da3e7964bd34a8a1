"""Latency by exceedance: exact at its boundary, blind to drift, and why equality at one threshold is wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.records import histogram
from serinus.core.stats import events, exceedance
from serinus.core.stats.evidence import NoData
from serinus.core.stats.exceedance import Exceedances, Threshold

ALPHA = 0.05
SPREAD = 0.2
UNITS, LOOKS = 1000, 20  # units per arm between looks
P95 = math.exp(SPREAD * stats.norm.ppf(0.95))  # of latencies with median 1


def tail(limit: float, slower: float) -> float:
    """Chance that a log-normal latency with median `slower` is above `limit`."""
    return float(stats.norm.sf(math.log(limit / slower) / SPREAD))


def rolled_back(candidate: float, control: float, releases: int, seed: int) -> int:
    """Releases that ever reach 1/α with these chances of an event."""
    rng = np.random.default_rng(seed)
    s1, s0 = (np.cumsum(rng.binomial(UNITS, p, (releases, LOOKS)), axis=1) for p in (candidate, control))
    log_e = events.harm(s1, s0, events.Margin(1.0, exceedance.DESIGN_RATIO))
    spot = exceedance.harm(Exceedances(candidate=int(s1[0, 3]), control=int(s0[0, 3])))
    assert spot.log_e == float(log_e[0, 3])
    return int((log_e >= math.log(1 / ALPHA)).any(axis=1).sum())


def most_allowed(releases: int) -> int:
    """The count that a test with a true rate of exactly α exceeds once in a million runs."""
    return int(stats.binom.ppf(1 - 1e-6, releases, ALPHA))


@pytest.mark.parametrize("stale", [0.8, 1.0, 1.3])
def test_exact_at_the_boundary_and_immune_to_a_stale_threshold(stale: float) -> None:
    """A candidate slower by exactly the margin of 10 % is rolled back at most at α, however old T is."""
    t = stale * P95
    assert tail(1.1 * t, 1.1) == pytest.approx(tail(t, 1.0), rel=1e-12)
    assert rolled_back(tail(1.1 * t, 1.1), tail(t, 1.0), 1500, seed=1) <= most_allowed(1500)


def test_slower_inside_the_margin_is_never_rolled_back() -> None:
    """5 % slower with a margin of 10 %: none of 300 releases."""
    assert rolled_back(tail(1.1 * P95, 1.05), tail(P95, 1.0), 300, seed=2) == 0


def test_plain_equality_at_the_moved_threshold_is_wrong() -> None:
    """Comparing both arms above 1.1 T rolls back a candidate 5 % slower, inside its margin, practically always."""
    assert rolled_back(tail(1.1 * P95, 1.05), tail(1.1 * P95, 1.0), 300, seed=3) >= 0.99 * 300


def test_drift_of_both_arms_is_not_harm() -> None:
    """When latency doubles in both arms for half of the release, equal arms roll back at most at α."""
    rng = np.random.default_rng(4)
    slow = np.where(np.arange(LOOKS) < LOOKS // 2, 1.0, 2.0)
    chances = [np.array([tail(limit, s) for s in slow]) for limit in (1.1 * P95, P95)]
    s1, s0 = (np.cumsum(rng.binomial(UNITS, p, (1500, LOOKS)), axis=1) for p in chances)
    log_e = events.harm(s1, s0, events.Margin(1.0, exceedance.DESIGN_RATIO))
    assert int((log_e >= math.log(1 / ALPHA)).any(axis=1).sum()) <= most_allowed(1500)


def test_harm_beyond_the_margin_is_found() -> None:
    """25 % slower with a margin of 10 % is rolled back in at least 99 of 100 releases."""
    assert rolled_back(tail(1.1 * P95, 1.25), tail(P95, 1.0), 300, seed=5) >= 0.99 * 300


def test_equal_arms_are_shown_inside_the_margin() -> None:
    """An equal candidate has 20 of 1,000 above 1.1 T where control has 50: the mirror shows no harm."""
    seen = Exceedances(candidate=20, control=50)
    assert exceedance.no_harm(seen).log_e > math.log(20)
    assert exceedance.harm(seen).log_e < 0
    assert exceedance.no_harm(seen) == exceedance.harm(Exceedances(candidate=50, control=20))


def test_the_threshold_is_the_controls_own_quantile() -> None:
    """T is within 1 % of the exact quantile of control's latencies, rounded up to whole microseconds."""
    values = np.rint(np.random.default_rng(6).lognormal(13, SPREAD, 5000)).astype(int)
    found = exceedance.threshold(histogram.of(values.tolist()), 0.95, "history")
    assert isinstance(found, Threshold)
    assert (found.values, found.source) == (5000, "history")
    assert found.at_us == pytest.approx(float(np.quantile(values, 0.95)), rel=0.0101)
    assert exceedance.candidate_limit_us(found, 0.1) == round(found.at_us * 1.1)
    assert exceedance.candidate_limit_us(found, 0.0) == found.at_us


@pytest.mark.parametrize(("quantile", "needed"), [(0.5, 40), (0.95, 400), (0.99, 2000), (0.1, 200)])
def test_a_threshold_needs_twenty_values_in_its_tail(quantile: float, needed: int) -> None:
    """One value fewer is no data, with how many are there and needed."""
    enough = histogram.of(range(1000, 1000 + needed))
    assert isinstance(exceedance.threshold(enough, quantile, "history"), Threshold)
    short = exceedance.threshold(histogram.of(range(1000, 999 + needed)), quantile, "history")
    assert isinstance(short, NoData)
    assert str(needed) in short.reason
    assert isinstance(exceedance.threshold(histogram.EMPTY, quantile, "history"), NoData)


@given(st.lists(st.integers(0, 10**9), min_size=6, max_size=6))
def test_exceedances_merge_in_any_order(n: list[int]) -> None:
    """Batches add up, commutatively and associatively."""
    a, b, c = (Exceedances(candidate=n[i], control=n[i + 3]) for i in range(3))
    assert a.plus(b).plus(c) == c.plus(b.plus(a))


def test_no_events_are_no_data() -> None:
    """No latency above the threshold is log E = 0 with the reason, on both sides."""
    for judged in (exceedance.harm, exceedance.no_harm):
        found = judged(Exceedances())
        assert found.log_e == 0.0
        assert found.no_data


def test_stable_at_1e8_events() -> None:
    """Equal counts of 10⁸ clear the candidate, one in a thousand more accuses it beyond doubt, and both are finite."""
    n = 10**8
    assert -20 < exceedance.harm(Exceedances(candidate=n, control=n)).log_e < 0
    assert 10 < exceedance.harm(Exceedances(candidate=n + n // 1000, control=n)).log_e < 25


def test_bad_input_is_refused() -> None:
    """Counts below 0, a quantile outside (0, 1), a negative margin and a design ratio of 1."""
    with pytest.raises(InvalidInput):
        Exceedances(candidate=-1)
    for quantile in (0.0, 1.0, math.nan):
        with pytest.raises(InvalidInput):
            exceedance.threshold(histogram.EMPTY, quantile, "history")
    found = Threshold(quantile=0.95, at_us=1000, values=5000, source="history")
    for margin in (-0.1, math.nan):
        with pytest.raises(InvalidInput):
            exceedance.candidate_limit_us(found, margin)
    with pytest.raises(InvalidInput):
        exceedance.harm(Exceedances(candidate=1), design_ratio=1.0)
