"""Power from expected counts is what simulated releases show, and never more than they show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from serinus.core.lint import power
from serinus.core.stats import bounded, events

MARGIN = events.Margin(1.25, 2.0)
BAR = math.log(100)
RELEASES = 1000


def releases(candidate: float, control: float, looks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts of events at each look of many releases that end with these expected counts."""
    random = np.random.default_rng(seed)
    size = (RELEASES, looks)
    return (
        np.cumsum(random.poisson(candidate / looks, size), axis=1),
        np.cumsum(random.poisson(control / looks, size), axis=1),
    )


@pytest.mark.parametrize(("candidate", "control"), [(40.0, 10.0), (160.0, 80.0), (90.0, 30.0), (400.0, 250.0)])
def test_power_is_that_of_simulated_releases_at_their_end_and_below_that_of_all_looks(
    candidate: float, control: float
) -> None:
    """An exact interval of the simulation holds the share above the bar at the end; with all looks more stop."""
    s1, s0 = releases(candidate, control, 40, seed=7)
    above = events.harm(s1, s0, MARGIN) >= BAR
    found = power.seen(candidate, control, MARGIN, BAR)
    at_end = stats.binomtest(int(above[:, -1].sum()), RELEASES).proportion_ci(0.9999)
    assert at_end.low - 0.01 <= found <= at_end.high + 0.01
    assert found <= stats.binomtest(int(above.any(axis=1).sum()), RELEASES).proportion_ci(0.9999).high


def test_showing_a_margin_is_what_simulated_equal_arms_show() -> None:
    """The mirror process, at equal arms."""
    s1, s0 = releases(120.0, 120.0, 1, seed=8)
    above = int((events.no_harm(s1[:, -1], s0[:, -1], 1.5) >= math.log(20)).sum())
    interval = stats.binomtest(above, RELEASES).proportion_ci(0.9999)
    assert interval.low - 0.01 <= power.shown(120.0, 120.0, 1.5, math.log(20)) <= interval.high + 0.01


def test_power_grows_with_units_and_with_harm() -> None:
    """More events and a larger ratio are seen sooner."""
    by_units = [power.seen(2 * n, n, MARGIN, BAR) for n in (5, 20, 80, 320)]
    by_ratio = [power.seen(r * 60, 60, MARGIN, BAR) for r in (1.0, 1.5, 2.0, 4.0)]
    assert by_units == sorted(by_units)
    assert by_units[-1] > 0.99
    assert by_ratio == sorted(by_ratio)
    assert by_ratio[0] < 0.001


def test_without_events_nothing_is_seen() -> None:
    """No expected event is no chance, not an error."""
    assert power.seen(0.0, 0.0, MARGIN, BAR) == 0.0


def test_the_least_value_is_found_to_its_precision_or_is_infinite() -> None:
    """A threshold inside the range is met from above; one beyond it is not there."""
    found = power.least(lambda x: x >= 37.0, 1.0, 1000.0)
    assert 37.0 <= found <= 37.0 * 1.01
    assert power.least(lambda x: x >= 2000.0, 1.0, 1000.0) == math.inf


@pytest.mark.parametrize(("units", "drop", "max_drop"), [(600, 0.10, 0.02), (1500, 0.05, 0.0), (100, 0.2, 0.05)])
def test_power_of_bets_is_that_of_simulated_scores_judged_by_betting(units: int, drop: float, max_drop: float) -> None:
    """Beta scores around .8 with a standard deviation of .2, judged by the test of releases: an exact interval of those
    above the bar at the end, and four points for what the approximation leaves out, hold what is foretold."""
    random, above = np.random.default_rng(11), 0
    for _ in range(300):
        arm = random.random(units) < 0.5
        mean = np.where(arm, 0.8 - drop, 0.8)
        size = mean * (1 - mean) / 0.2**2 - 1
        values = np.rint(random.beta(mean * size, (1 - mean) * size) * 10**6).astype(int)
        scores = [bounded.Score(bounded.Cursor(i, b""), bool(arm[i]), int(values[i])) for i in range(units)]
        above += bounded.harm(bounded.advanced(bounded.opened(max_drop), scores)).log_e >= BAR
    found = power.bet(units, drop - max_drop, 0.4, 2 * (0.8 - drop / 2) + max_drop, BAR)
    interval = stats.binomtest(above, 300).proportion_ci(0.9999)
    assert interval.low - 0.04 <= found <= interval.high + 0.04
    assert 0.1 < found < 0.99


def test_bets_on_nothing_and_against_the_truth_see_nothing() -> None:
    """No units, or a mean gain below 0: next to no chance."""
    assert power.bet(0, 0.1, 0.4, 1.6, BAR) == 0.0
    assert power.bet(5000, -0.1, 0.4, 1.6, BAR) < 1e-6
    assert power.bet(50_000, 0.1, 0.4, 1.6, BAR) > 0.999
