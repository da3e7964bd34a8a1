"""A count watched for longer than anybody knows when it gets worse: safe at every look, and quick however late."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from scipy import stats

from serinus.core.records.live_calls import MICRO, Position, Watched
from serinus.core.stats import control_health
from serinus.core.stats.watched import KEPT, begin_again, log_e
from tests.unit.core.stats.live_world import MINUTES, Weather, alarmed_after, lived

ALPHA, BETA = 0.001, 0.01
NOWHERE = Position()
HEALTHY = {
    "equal calls": Weather(),
    "heavy and prone users": Weather(hourly=1000, heavy=2.0, prone=0.1),
    "days and hours that differ": Weather(heavy=1.0, prone=1.0, days_sd=0.2, hours_sd=0.1),
}


def counted(watched: Watched, calls: int, events: int, expected: float) -> Watched:
    """Further by so much."""
    return msgspec.structs.replace(watched, at=watched.at.plus(calls, events, round(expected * MICRO)))


def test_it_is_the_weighted_mean_of_the_tests_from_each_start() -> None:
    """½ for the whole, ½/(j(j + 1)) for the j-th start, and E = 1 for those to come."""
    watched = counted(Watched(metric="call.error"), 500, 12, 10.0)
    watched = counted(begin_again(watched), 300, 15, 6.0)
    watched = counted(begin_again(watched), 200, 16, 4.0)
    parts = [(0.5, 43, 20.0), (0.25, 31, 10.0), (0.5 / 6, 16, 4.0)]
    mean = sum(w * math.exp(control_health.worse_count(n, 1.5 * e, 2.0)) for w, n, e in parts) + 0.5 / 3
    assert log_e(watched, NOWHERE, 1.5, 2.0) == pytest.approx(math.log(mean))


def test_only_the_newest_starts_are_followed_and_their_weights_stay() -> None:
    """To let one go takes its evidence away and gives no other any: the sum of weights never passes 1."""
    watched = Watched(metric="call.error")
    for _ in range(KEPT + 30):
        watched = begin_again(counted(watched, 100, 2, 2.0))
    assert (len(watched.starts), watched.begun) == (KEPT, KEPT + 30)
    assert watched.starts[-1] == watched.at
    assert log_e(watched, watched.at, 1.5, 1.0) < 0.0
    assert log_e(Watched(metric="x"), NOWHERE, 1.5, 1.0) == pytest.approx(0.0)


def test_a_round_of_a_thousand_releases_is_remembered_to_the_next() -> None:
    """Six metrics of each: what has not changed since the last second is not worked out again."""
    watched = [counted(Watched(metric="call.error"), 1000 + i, 10, 20.0) for i in range(6000)]
    for one in watched:
        log_e(one, NOWHERE, 1.5, 1.0)
    before = log_e.cache_info().misses
    for one in watched:
        log_e(one, NOWHERE, 1.5, 1.0)
    assert log_e.cache_info().misses == before


def test_what_a_person_acknowledged_counts_no_more() -> None:
    """From the resume on it counts anew, also from starts that lie before it."""
    watched = counted(begin_again(counted(Watched(metric="x"), 1000, 20, 20.0)), 1000, 200, 20.0)
    assert log_e(watched, NOWHERE, 1.5, 1.0) > 50
    assert log_e(watched, watched.at, 1.5, 1.0) <= 0
    again = counted(watched, 1000, 200, 20.0)
    assert log_e(again, watched.at, 1.5, 1.0) == pytest.approx(log_e(counted(Watched(metric="y", begun=1,
        starts=(NOWHERE,)), 1000, 200, 20.0), NOWHERE, 1.5, 1.0))  # fmt: skip


def test_bursts_count_as_one_event_each() -> None:
    """Exact: with bursts of φ events the mean of E is at most 1, as it is with smaller ones; taken as single events
    they would accuse."""
    expected, phi = 40.0, 4.0
    for size in (1, 2, 4):
        bursts = np.arange(0, 400)
        log = np.array([control_health.worse_count(int(n) * size, expected, phi) for n in bursts])
        chance = stats.poisson.logpmf(bursts, expected / size)
        assert float(np.exp(log + chance).sum()) <= 1 + 1e-9
    few = np.arange(0, 60)
    wrong = np.array([control_health.worse_count(int(n) * 4, expected) for n in few])
    assert float(np.exp(wrong + stats.poisson.logpmf(few, expected / 4)).sum()) > 2


@pytest.mark.parametrize("name", sorted(HEALTHY))
def test_healthy_weeks_do_not_alarm(name: str) -> None:
    """120 releases of a day, each after its own week: users who fail again and again, evenings twice as bad, and days
    that differ. At most α, and β for the past, within the exact binomial bound."""
    rng = np.random.default_rng(len(name))
    alarms = sum(alarmed_after(*lived(rng, HEALTHY[name], 8), days=7) is not None for _ in range(120))
    assert alarms <= stats.binom.ppf(1 - 1e-6, 120, ALPHA + BETA)


def test_without_its_guards_it_would_cry_wolf() -> None:
    """The plain rate of all hours, no margin and no dispersion, accuses healthy days far above α."""
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(20):
        calls, events = lived(rng, HEALTHY["heavy and prone users"], 8)
        past = slice(0, 7 * MINUTES)
        share = events[past].sum() / calls[past].sum()
        n, x = np.cumsum(calls[7 * MINUTES :]), np.cumsum(events[7 * MINUTES :])
        looks = range(0, MINUTES, 15)
        false += any(control_health.worse_count(int(x[i]), float(n[i] * share)) >= math.log(1 / ALPHA) for i in looks)
    assert false > stats.binom.ppf(1 - 1e-6, 20, ALPHA + BETA)


@pytest.mark.parametrize(("hourly", "within"), [(2000.0, 90), (20_000.0, 20)])
def test_four_times_as_many_are_seen_soon_after_a_healthy_day(hourly: float, within: int) -> None:
    """However long it was well before: all of ten within the time."""
    rng = np.random.default_rng(6)
    found = [alarmed_after(*lived(rng, Weather(hourly=hourly), 9, 8 * MINUTES, 4.0), days=7) for _ in range(10)]
    assert all(at is not None and MINUTES < at <= MINUTES + within for at in found)
