"""Slices, retries and a year's budget."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import multiplicity
from serinus.core.stats.multiplicity import YEAR_US, Budget, Spent

DAY_US = 86_400_000_000


@given(st.lists(st.floats(-5, 12), max_size=6), st.floats(0.01, 0.5))
def test_discoveries_are_the_largest_self_consistent_set(log_e: list[float], alpha: float) -> None:
    """Of all sets R with every E ≥ K/(α|R|), the largest is named, found by trying all."""
    k = len(log_e)
    named: tuple[int, ...] = ()
    for size in range(1, k + 1):
        for chosen in itertools.combinations(range(k), size):
            if all(log_e[i] >= math.log(k / (alpha * size)) for i in chosen) and size > len(named):
                named = chosen
    found = multiplicity.discoveries(log_e, alpha)
    assert len(found) == len(named)
    assert all(log_e[i] >= math.log(k / (alpha * len(found))) for i in found)


def test_false_discoveries_stay_below_alpha_under_dependence() -> None:
    """With 20 slices that share their noise, 5 of them harmed, the mean share of false names is at most α."""
    rng = np.random.default_rng(1)
    alpha, shares = 0.1, []
    for _ in range(4000):
        shared = rng.normal()
        z = 0.8 * shared + 0.6 * rng.normal(size=20)
        z[:5] += 4.0
        named = multiplicity.discoveries((2.0 * z - 2.0).tolist(), alpha)  # E = e^{2z − 2} has mean 1 for z ~ N(0, 1)
        shares.append(sum(i >= 5 for i in named) / max(len(named), 1))
    assert np.mean(shares) <= alpha + 4 * stats.sem(shares)
    assert multiplicity.discoveries([9.0, *[0.0] * 19], alpha) == (0,)


def test_more_evidence_never_unnames() -> None:
    """Raising one slice's evidence keeps every name."""
    rng = np.random.default_rng(2)
    for _ in range(200):
        log_e = rng.normal(2, 3, 8).tolist()
        before = set(multiplicity.discoveries(log_e, 0.2))
        log_e[3] += 2.0
        assert before <= set(multiplicity.discoveries(log_e, 0.2))


@pytest.mark.parametrize(("log_e", "alpha"), [([math.nan], 0.1), ([1.0], 0.0), ([1.0], 1.0)])
def test_bad_evidence_and_levels_are_refused(log_e: list[float], alpha: float) -> None:
    """NaN is not evidence; α is in (0, 1). No slices name nobody."""
    with pytest.raises(InvalidInput):
        multiplicity.discoveries(log_e, alpha)
    assert multiplicity.discoveries([], 0.1) == ()


def test_retries_halve_their_level() -> None:
    """β, β/2, β/4 …: however many attempts, harm is promoted with chance below 2β; a first attempt is number 1."""
    levels = [multiplicity.retry_level(0.05, k) for k in range(1, 60)]
    assert levels[:3] == [0.05, 0.025, 0.0125]
    assert math.fsum(levels) < 0.1 + 1e-12
    for attempt in (0, -1):
        with pytest.raises(InvalidInput):
            multiplicity.retry_level(0.05, attempt)


@given(st.floats(-800, 800), st.floats(-50, 50))
def test_carried_evidence_is_half_continued_half_fresh(before: float, now: float) -> None:
    """At least half of what now shows, and half of the product, however large the past; no past changes nothing."""
    found = multiplicity.carried(before, now)
    assert found >= now - math.log(2) - 1e-9
    assert found >= before + now - math.log(2) - 1e-9
    assert found == pytest.approx(float(np.logaddexp(before + now, now)) - math.log(2), abs=1e-9)
    assert multiplicity.carried(0.0, now) == pytest.approx(now)


def test_carried_evidence_has_mean_at_most_one() -> None:
    """Two rounds of E-values with mean 1 give a carried E with mean 1, by enumeration."""
    rounds = [(math.log(0.5), 0.6), (math.log(1.75), 0.4)]
    mean = sum(
        p * q * math.exp(multiplicity.carried(before, now))
        for (before, p), (now, q) in itertools.product(rounds, repeat=2)
    )
    assert mean == pytest.approx(1.0)


def test_weekly_releases_at_five_percent() -> None:
    """52 healthy releases a year at α = .05 bring a false rollback with chance 93 %; 1 % brings 41 %."""
    assert multiplicity.chance_of_any(0.05, 52) == pytest.approx(0.93, abs=0.005)
    assert multiplicity.chance_of_any(0.01, 52) == pytest.approx(1 - 0.99**52)
    assert multiplicity.chance_of_any(0.05, 0) == 0.0


def test_a_detector_that_errs_once_in_ten_thousand() -> None:
    """Stopping at a single hit would stop 63 % of healthy releases of 10,000 answers."""
    assert multiplicity.chance_of_any(1e-4, 10_000) == pytest.approx(0.632, abs=0.001)


@given(st.floats(1e-9, 0.999), st.integers(1, 10_000))
def test_level_for_a_year_is_the_inverse(yearly: float, releases: int) -> None:
    """As many releases at that level use up the year's chance, to nine digits."""
    level = multiplicity.level_for(yearly, releases)
    assert multiplicity.chance_of_any(level, releases) == pytest.approx(yearly, rel=1e-9)


def test_power_is_shared_by_all_guardrails() -> None:
    """Four guardrails are planned at β/5 each."""
    assert multiplicity.planned_power_level(0.05, 4) == pytest.approx(0.01)


def test_a_budget_is_spent_and_comes_back_after_a_year() -> None:
    """Twenty releases of 1 % use up 20 %; the 21st waits until the first is 365 days old."""
    budget = Budget(yearly=0.2)
    for day in range(20):
        budget = budget.granted(0.01, day * DAY_US)
    assert budget.left(19 * DAY_US) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(InvalidInput) as refusal:
        budget.granted(0.01, 20 * DAY_US)
    assert refusal.value.where == "plan.alpha"
    with pytest.raises(InvalidInput):
        budget.granted(0.01, YEAR_US - 1)
    later = budget.granted(0.01, YEAR_US)
    assert later.left(YEAR_US) == pytest.approx(0.0, abs=1e-12)
    assert len(later.spent) == 20


def test_budgets_are_checked() -> None:
    """A budget is a probability, spending is not below 0, and α 0 is not asked for."""
    for yearly in (0.0, 1.0, math.nan):
        with pytest.raises(InvalidInput):
            Budget(yearly=yearly)
    with pytest.raises(InvalidInput):
        Budget(yearly=0.2, spent=(Spent(0, -0.1),))
    with pytest.raises(InvalidInput):
        Budget(yearly=0.2).granted(0.0, 0)
    with pytest.raises(InvalidInput):
        multiplicity.level_for(0.2, 0)
