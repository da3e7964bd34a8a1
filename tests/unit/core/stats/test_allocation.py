"""Sample ratio: an urn drawn from, exact expectations, strata, large counts, and why sketches will not do."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from serinus.core.errors import InvalidInput
from serinus.core.stats.allocation import Allocation, mismatch

ALPHA = 0.05
SHARES = (0.2, 0.5, 0.3)


def urn(order: list[int], shares: tuple[float, ...], kappa: float) -> float:
    """log E unit by unit: each arm's predictive chance (κπ_k + n_k)/(κ + N) over its share."""
    counts = [0] * len(shares)
    total = 0.0
    for seen, arm in enumerate(order):
        total += math.log((kappa * shares[arm] + counts[arm]) / (kappa + seen) / shares[arm])
        counts[arm] += 1
    return total


@given(st.lists(st.integers(0, 2), max_size=60), st.floats(0.1, 1e5))
def test_log_e_is_an_urn_drawn_unit_by_unit(order: list[int], kappa: float) -> None:
    """The closed form equals the product of predictive chances, in whatever order the units came."""
    units = tuple(order.count(arm) for arm in range(3))
    found = mismatch([Allocation(units=units, shares=SHARES)], kappa).log_e
    assert found == pytest.approx(urn(order, SHARES, kappa), abs=1e-8)


@pytest.mark.parametrize("shares", [(0.5, 0.5), SHARES, (0.1, 0.2, 0.3, 0.4)])
def test_agrees_with_log_gamma(shares: tuple[float, ...]) -> None:
    """The formula of the page, written out in log-gamma functions."""
    units, kappa = (41, 97, 60, 12)[: len(shares)], 50.0
    a = np.array([kappa * share for share in shares])
    n = np.array(units)

    def log_beta(v: np.ndarray) -> float:
        return float(special.gammaln(v).sum() - special.gammaln(v.sum()))

    expected = log_beta(a + n) - log_beta(a) - float((n * np.log(shares)).sum())
    assert mismatch([Allocation(units=units, shares=shares)], kappa).log_e == pytest.approx(expected, abs=1e-9)


def test_mean_is_one_by_enumeration() -> None:
    """Over all allocations of 30 units at the right shares, E has mean exactly 1."""
    n = 30
    mean = 0.0
    for one, two in itertools.product(range(n + 1), repeat=2):
        if one + two <= n:
            units = (one, two, n - one - two)
            mean += stats.multinomial.pmf(units, n, SHARES) * math.exp(
                mismatch([Allocation(units=units, shares=SHARES)], 20.0).log_e
            )
    assert mean == pytest.approx(1.0, abs=1e-9)


def test_strata_multiply() -> None:
    """Independent strata add in log E; empty ones say nothing."""
    one, two = Allocation(units=(60, 40)), Allocation(units=(10, 45), shares=(0.25, 0.75))
    whole = mismatch([one, Allocation(units=(0, 0)), two]).log_e
    assert whole == pytest.approx(mismatch([one]).log_e + mismatch([two]).log_e)


def test_exact_at_1e8_units() -> None:
    """At 10⁸ units per arm one more unit changes log E by its predictive chance, to nine digits."""
    n, kappa = 10**8, 1000.0
    before = mismatch([Allocation(units=(n + 5000, n))], kappa).log_e
    after = mismatch([Allocation(units=(n + 5001, n))], kappa).log_e
    chance = (kappa / 2 + n + 5000) / (kappa + 2 * n + 5000)
    assert after - before == pytest.approx(math.log(chance / 0.5), abs=2e-9)


def test_mismatches_are_found_and_matches_are_not() -> None:
    """2 % too many candidates show within 100,000 units; an exact split never does."""
    assert mismatch([Allocation(units=(51_000, 49_000))]).log_e > math.log(1000)
    for n in (10, 1000, 10**8):
        assert mismatch([Allocation(units=(n, n))]).log_e < 0


def test_false_alarms_are_at_most_alpha() -> None:
    """2,000 healthy releases of up to 20,000 units, looked at 40 times."""
    rng = np.random.default_rng(1)
    counts = np.cumsum(rng.binomial(500, 0.5, (2000, 40)), axis=1)
    total = 500 * np.arange(1, 41)
    alarms = sum(
        any(
            mismatch([Allocation(units=(int(row[i]), int(total[i] - row[i])))]).log_e >= math.log(1 / ALPHA)
            for i in np.flatnonzero(np.abs(row - total / 2) > 1.2 * np.sqrt(total))  # the others are far below
        )
        for row in counts
    )
    assert alarms <= stats.binom.ppf(1 - 1e-6, 2000, ALPHA)


def sketched(rng: np.random.Generator, registers: np.ndarray, units: int) -> int:
    """Distinct count after `units` more in a HyperLogLog sketch (Flajolet et al. 2007), whose registers it updates.

    The largest rank in a register that Poisson(λ) units hash to is at most k with chance exp(−λ 2^−k).
    """
    m = registers.size
    new = np.ceil(-np.log2(-np.log(rng.random(m)) * m / units))
    np.maximum(registers, np.maximum(new, 0), out=registers)
    return round(0.7213 / (1 + 1.079 / m) * m * m / float((2.0**-registers).sum()))


def test_distinct_count_sketches_are_wrong() -> None:
    """Counted by a sketch of 16,384 registers, healthy releases of 200,000 per arm alarm in more than 13 of 100."""
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(60):
        arms = [np.zeros(2**14), np.zeros(2**14)]
        for _ in range(5):
            one, zero = (sketched(rng, arm, 40_000) for arm in arms)
            if mismatch([Allocation(units=(one, zero))]).log_e >= math.log(1 / ALPHA):
                alarms += 1
                break
    assert alarms > stats.binom.ppf(1 - 1e-6, 60, 0.13)


def test_nobody_is_no_data() -> None:
    """No strata, or empty ones, are log E = 0 with the reason."""
    for strata in ([], [Allocation(units=(0, 0))]):
        found = mismatch(strata)
        assert (found.log_e, found.no_data) == (0.0, "nobody enrolled")


def test_one_unit_says_nothing() -> None:
    """Whoever comes first came as expected."""
    assert mismatch([Allocation(units=(1, 0))]).log_e == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("units", "shares"),
    [
        ((-1, 5), (0.5, 0.5)),
        ((5,), (1.0,)),
        ((5, 5), (0.5, 0.3, 0.2)),
        ((5, 5), (1.0, 0.0)),
        ((5, 5), (0.6, 0.6)),
        ((5, 5), (math.nan, 0.5)),
    ],
)
def test_counts_and_shares_are_checked(units: tuple[int, ...], shares: tuple[float, ...]) -> None:
    """Counters that went backwards and shares that are no distribution are refused."""
    with pytest.raises(InvalidInput):
        Allocation(units=units, shares=shares)
    with pytest.raises(InvalidInput):
        mismatch([], concentration=0.0)
