"""What a guardrail on cost or tokens would see of an app's traffic, beside what it does see of simulated users."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from serinus.core.decision import ratios as judged
from serinus.core.errors import InvalidInput
from serinus.core.lint import ratios
from serinus.core.lint.forecast import forecast, log_bar
from serinus.core.lint.traffic import Traffic
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.records.unit_measures import BUCKETS, Spread
from serinus.core.routing.assignment import Arm
from serinus.core.stats.renewed_bets import Growth
from tests.unit.core.lint.test_forecast import STEPS, plan, told, traffic

COST = "cost.per_call"
RAIL = Guardrail(metric=COST, max_ratio=1.1, design_ratio=1.5)
Sums = tuple[Growth, Growth]
"""Calls and nano-USD of each user."""


def spending(**changes: object) -> Plan:
    """A plan that compares the cost alone."""
    return plan(**{"guardrails": (RAIL,), "limits": (), **changes})


def users(rng: np.random.Generator, number: int, ratio: float = 1.0) -> Sums:
    """Users who differ in how much a call costs, with calls that differ too, one to many of them."""
    calls = rng.geometric(0.3, number)
    own = rng.lognormal(-0.18, 0.6, number)
    costs = np.array([cost * rng.lognormal(-0.32, 0.8, n).sum() for cost, n in zip(own, calls, strict=True)])
    return calls, np.rint(1e6 * ratio * costs).astype(np.int64)


def variance_of(sums: Sums) -> float:
    """As the call log's question computes it."""
    y, x = (one.astype(float) for one in sums)
    return float(len(x) * ((x - x.sum() / y.sum() * y) ** 2).sum() / x.sum() ** 2)


def spread(rng: np.random.Generator, stratum: int, arm: Arm, sums: Sums) -> judged.UnitSpread:
    """Their sums in hash buckets, as a release has them."""
    places = rng.integers(0, BUCKETS, len(sums[0]))
    y, x = ([int(one) for one in np.bincount(places, part, BUCKETS)] for part in sums)
    pairs = list(zip(y, x, strict=True))
    products = sum(x * x for _, x in pairs), sum(x * y for y, x in pairs), sum(y * y for y, _ in pairs)
    return judged.UnitSpread(stratum, COST, int(arm), len(sums[0]), Spread(sum(y), sum(x), *products))


@pytest.fixture(scope="module")
def known() -> Traffic:
    """Traffic of such users: 1,000 come in an hour."""
    pair = variance_of(users(np.random.default_rng(1), 60_000))
    return traffic(3_330.0, reach=((1.0, 1000.0), (24.0, 24_000.0)), spreads={COST: ((1.0, pair), (24.0, pair))})


@pytest.mark.parametrize("ratio", [1.2, 1.3])
def test_H5_what_is_forecast_is_what_simulated_users_show(known: Traffic, ratio: float) -> None:
    """Two steps, 100 and 540 users of each arm, 250 releases: by the functions that judge, at the end alone."""
    rng, bar = np.random.default_rng(2), log_bar(spending(), RAIL)
    enrolled = [(2.0, 100.0), (12.0, 540.0)]
    error = ratios.error(known, RAIL, enrolled)
    errors, found = [], []
    for _ in range(250):
        sums = [
            spread(rng, step, arm, users(rng, int(units), ratio if arm is Arm.CANDIDATE else 1.0))
            for step, (_, units) in enumerate(enrolled)
            for arm in (Arm.CANDIDATE, Arm.CONTROL)
        ]
        compared = judged.compare(RAIL, sums)
        errors.append(1 / math.sqrt(judged.information(compared)))
        found.append(judged.harm_log_e(RAIL, compared) >= bar)
    assert error == pytest.approx(np.mean(errors), rel=0.1)
    assert ratios.seen(error, RAIL, ratio, bar) == pytest.approx(np.mean(found), abs=0.11)


def test_H5_what_is_forecast_to_be_shown_is_shown(known: Traffic) -> None:
    """3,000 users of each arm, 150 releases as good as the control, inside 1.25 times at β = 5 %."""
    rail = msgspec.structs.replace(RAIL, max_ratio=1.25)
    rng, needed = np.random.default_rng(3), math.log(20)
    error = ratios.error(known, rail, [(6.0, 1_000.0)])
    shown = []
    for _ in range(150):
        sums = [spread(rng, 0, arm, users(rng, 1_000)) for arm in (Arm.CANDIDATE, Arm.CONTROL)]
        shown.append(judged.no_harm_log_e(rail, judged.compare(rail, sums)) >= needed)
    assert 0.3 < np.mean(shown) < 1.0
    assert ratios.shown(error, rail, needed) == pytest.approx(np.mean(shown), abs=0.12)


def test_without_history_calls_of_a_user_are_taken_as_alike() -> None:
    """(2 − 1/y) times the squared variation: users with a geometric number of calls that all cost the same."""
    rng, calls = np.random.default_rng(4), traffic(4_000.0, reach=((1.0, 1_000.0),))
    number = rng.geometric(0.25, 200_000)
    own = rng.gamma(1 / 0.8**2, 0.8**2 * 1e6, len(number))
    expected = ratios.unit_variance(msgspec.structs.replace(calls, variation={COST: 0.8}), RAIL, 1.0)
    assert variance_of((number, number * own)) == pytest.approx(expected, rel=0.03)
    assert expected == pytest.approx(0.64 * 1.75)
    assert ratios.unit_variance(calls, RAIL, 1.0) == pytest.approx(1.75)


def test_between_known_windows_the_variance_is_a_power_of_time() -> None:
    """Exact at the windows, and outside of them as at the nearest."""
    known = traffic(spreads={COST: ((1.0, 2.0), (24.0, 6.0))})
    told = [ratios.unit_variance(known, RAIL, hours) for hours in (0.1, 1.0, math.sqrt(24.0), 24.0, 500.0)]
    assert told == pytest.approx([2.0, 2.0, math.sqrt(12.0), 6.0, 6.0])


def test_too_few_users_see_nothing() -> None:
    """Below 100 of an arm, and of steps below 30, nothing is judged; no step's variance is below that of all."""
    known = traffic(spreads={COST: ((1.0, 1.0), (24.0, 4.0))})
    assert ratios.error(known, RAIL, [(1.0, 99.0)]) == math.inf
    assert ratios.error(known, RAIL, [(1.0, 90.0), (1.0, 29.0)]) == math.inf
    assert ratios.seen(math.inf, RAIL, 9.0, 3.0) == 0.0
    assert ratios.error(known, RAIL, [(1.0, 100.0)]) == pytest.approx(math.sqrt(2 / 100))
    both = ratios.error(known, RAIL, [(24.0, 100.0), (1.0, 100.0)])
    assert both == pytest.approx(1 / math.sqrt(100 / 8 + 100 / 5))


def test_H5_each_step_tells_the_smallest_harm_to_cost_that_is_seen(known: Traffic) -> None:
    """It shrinks from step to step, lies above the margin, and is seen with four chances of five."""
    steps = forecast(spending(), known).steps
    first, second = steps[0].metrics[0], steps[1].metrics[0]
    assert first.smallest_harm is not None
    assert second.smallest_harm is not None
    assert 1.1 < second.smallest_harm < first.smallest_harm
    assert second.error is not None
    bar = log_bar(spending(), RAIL)
    assert ratios.seen(second.error, RAIL, second.smallest_harm, bar) >= 0.8
    assert ratios.seen(second.error, RAIL, second.smallest_harm / 1.02, bar) < 0.8
    [harm] = forecast(spending(), known).harms
    assert (harm.metric, harm.ratio) == (COST, 1.5)
    assert harm.hours_median is not None
    assert 0 < harm.hours_median < 14
    assert any(
        "cost per call of 1.5 times the control's is seen after" in what for _, what in told(spending(), known, "info")
    )


def test_H5a_a_step_that_cannot_see_harm_to_cost_is_an_error_or_a_warning_where_its_spread_is_assumed() -> None:
    """Few users: told with what is seen; what nobody knows is no reason to refuse."""
    few = traffic(60.0, spreads={COST: ((1.0, 3.0),)})
    steps = (msgspec.structs.replace(STEPS[0], min_units=1), *STEPS[1:])
    [(where, what)] = [one for one in told(spending(steps=steps), few, "error") if "sees" in one[1]]
    assert where == "plan.steps[1]"
    assert "sees cost per call of 1.5 times the control's with chance" in what
    blind = msgspec.structs.replace(few, spreads={})
    assert not any("sees" in what for _, what in told(spending(steps=steps), blind, "error"))
    assert any("sees cost per call" in what for _, what in told(spending(steps=steps), blind, "warning"))
    assert any("nobody knows how cost per call varies" in what for _, what in told(spending(), blind, "info"))


def test_showing_that_cost_is_no_higher_takes_as_long_as_it_takes() -> None:
    """Inside 1.25 times, asked for at the second step; with little traffic it cannot be shown within 90 days."""
    rail = msgspec.structs.replace(RAIL, max_ratio=1.25)
    steps = (STEPS[0], msgspec.structs.replace(STEPS[1], require="non_inferior"), STEPS[2])
    asked = spending(steps=steps, guardrails=(rail,))
    much = forecast(asked, traffic(spreads={COST: ((1.0, 2.0),)})).steps[1].metrics[0].hours_to_show
    assert much is not None
    assert 0 < much < 12
    wide = traffic(40.0, reach=((1.0, 20.0), (24.0, 30.0)), spreads={COST: ((1.0, 2_000.0),)})
    few = spending(steps=(msgspec.structs.replace(steps[0], min_units=1), *steps[1:]), guardrails=(rail,))
    assert forecast(few, wide).steps[1].metrics[0].hours_to_show is None


def test_what_cannot_be_is_refused() -> None:
    """Variances grow in hours and are above 0, as is a variation."""
    for wrong in ({"spreads": {COST: ((1.0, 0.0),)}}, {"spreads": {COST: ((2.0, 1.0), (1.0, 1.0))}}):
        with pytest.raises(InvalidInput, match="no variance of a window"):
            traffic(**wrong)
    with pytest.raises(InvalidInput, match="not above 0"):
        traffic(variation={COST: 0.0})
