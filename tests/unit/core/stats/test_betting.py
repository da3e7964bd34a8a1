"""Capital: exact expectations, merging, rounding, and the domain of gains."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.stats import betting
from serinus.core.stats.betting import BETS, NANO, SCALE, Capital

GAINS = st.lists(st.integers(-SCALE, SCALE), max_size=30)
START = Capital(margin=0)


def after(state: Capital, gains: list[int]) -> Capital:
    """The capital after gains of which each could have been −1."""
    return state.after(gains, [SCALE] * len(gains))


def direct(gains: list[int], worst: list[int]) -> float:
    """log of the mean of Π (1 + b g/c) over the grid, weighted by the beta(3/2, 2) density times the spacing ∝ b."""
    products = [math.prod(1 + bet * g / c for g, c in zip(gains, worst, strict=True)) for bet in BETS]
    weights = [stats.beta.pdf(bet, 1.5, 2) * bet for bet in BETS]
    return math.log(sum(w * p for w, p in zip(weights, products, strict=True)) / sum(weights))


@given(GAINS)
def test_log_e_is_the_mean_product(gains: list[int]) -> None:
    """log E equals the products multiplied out, from below by at most a nano-nat for each gain."""
    worst = [SCALE + 1000 * i for i in range(len(gains))]
    found, exact = START.after(gains, worst).log_e, direct(gains, worst)
    assert exact - 1.01e-9 * len(gains) - 1e-12 <= found <= exact + 1e-12


@given(GAINS, st.integers(-SCALE, -1), st.integers(1, SCALE))
def test_no_bet_gains_on_average_under_the_null(before: list[int], down: int, up: int) -> None:
    """For every two-point gain of mean 0, expected E after it is at most E before: a supermartingale, exactly."""
    state = after(START, before)
    chance_up = -down / (up - down)
    lost, won = after(state, [down]).log_e, after(state, [up]).log_e
    mean = (1 - chance_up) * math.exp(lost - state.log_e) + chance_up * math.exp(won - state.log_e)
    assert mean <= 1 + 1e-12
    assert mean >= 1 - 1e-7


@given(GAINS, GAINS, GAINS)
def test_capital_merges_in_any_order(a: list[int], b: list[int], c: list[int]) -> None:
    """Batches and hosts merge to the last digit, in whatever order and grouping."""
    x, y, z = after(START, a), after(START, b), after(START, c)
    assert x.plus(y).plus(z) == z.plus(y.plus(x)) == after(x, b + c) == after(START, c + b + a)


@given(GAINS, st.integers(-SCALE, SCALE), st.integers(-SCALE, SCALE))
def test_evidence_grows_with_a_gain(before: list[int], a: int, b: int) -> None:
    """A larger gain never leaves less evidence, so that p is monotone in it."""
    low, high = sorted((a, b))
    state = after(START, before)
    assert after(state, [low]).log_e <= after(state, [high]).log_e


def test_nothing_staked_is_an_e_value_of_one() -> None:
    """Before the first gain, and after gains of 0, E = 1."""
    assert START.log_e == 0.0
    assert after(START, []) == START
    assert after(START, [0] * 1000).log_e == pytest.approx(0.0, abs=1e-12)


def test_losing_all_the_time_never_loses_all() -> None:
    """10⁴ worst losses leave a finite log E, as no bet stakes everything."""
    found = after(START, [-SCALE] * 10_000)
    assert -math.inf < found.log_e < 0
    assert found.nano[-1] == pytest.approx(10_000 * math.log(0.05) * NANO, rel=1e-9)


def test_sums_are_kept_for_the_eye() -> None:
    """Count, total and squares are those of the gains."""
    found = after(after(START, [3, -4]), [5])
    assert (found.count, found.total, found.squares) == (3, 4, 50)


def test_capital_of_1e8_gains_is_the_capital_of_one_times_1e8() -> None:
    """Integers do not drift: doubled up to 10⁸ equal gains, capital is 10⁸ times that of one, to the last digit."""
    power = one = after(START, [1000])
    state, times = START, 10**8
    while times:
        if times & 1:
            state = state.plus(power)
        power, times = power.plus(power), times >> 1
    assert state.count == 10**8
    assert state.nano == tuple(nano * 10**8 for nano in one.nano)
    assert state.log_e == pytest.approx(10**8 * math.log1p(BETS[-1] * 1e-3), rel=1e-4)


@pytest.mark.parametrize(("gain", "worst"), [(-SCALE - 1, SCALE), (-(10**12), SCALE), (0, 0), (5, -1)])
def test_a_loss_beyond_the_worst_is_refused(gain: int, worst: int) -> None:
    """It would make a bet's capital negative, and E no e-value; so would a game that cannot be lost."""
    with pytest.raises(InvalidInput):
        START.after([0, gain], [SCALE, worst])
    with pytest.raises(InvalidInput):
        START.after([0, 0], [SCALE])


def test_capital_at_unlike_margins_does_not_add() -> None:
    """Evidence against two null hypotheses is not one evidence; a grid of other bets is refused as well."""
    with pytest.raises(InvalidInput):
        START.plus(Capital(margin=1))
    with pytest.raises(InvalidInput):
        Capital(margin=0, nano=(0, 0))
    with pytest.raises(InvalidInput):
        Capital(margin=0, count=-1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.1])
def test_scores_outside_their_range_are_refused(bad: float) -> None:
    """NaN, infinity and values outside [0, 1] are not clipped."""
    with pytest.raises(InvalidInput):
        betting.scaled("score", bad)


def test_scores_are_stored_in_millionths() -> None:
    """To the nearest, ends included."""
    assert [betting.scaled("score", v) for v in (0.0, 0.1234567, 1.0)] == [0, 123_457, 1_000_000]
