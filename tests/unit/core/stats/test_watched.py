"""A count watched for longer than anybody knows when it gets worse: safe at every look, and quick however late."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from scipy import stats

from serinus.core.records.event_parts import PARTS
from serinus.core.records.live_calls import MICRO, Position, Watched, position_of
from serinus.core.stats import control_health
from serinus.core.stats.watched import KEPT, begin_again, log_e
from tests.unit.core.stats.live_world import MINUTES, Weather, alarmed_after, lived, lived_in_parts

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
    mean = sum(w * math.exp(control_health.worse_count(n, 1.5 * e, 2.0 * 16 / 15)) for w, n, e in parts) + 0.5 / 3
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


def stormed(seed: int, per_minute: int) -> tuple[np.ndarray, np.ndarray]:
    """A healthy day after a healthy week, in which one user fails so often in each minute from the third hour on."""
    calls, parts = lived_in_parts(np.random.default_rng(seed), Weather(heavy=1.0, prone=1.0), 8)
    calls[7 * MINUTES + 120 :] += per_minute
    parts[7 * MINUTES + 120 :, seed % PARTS] += per_minute
    return calls, parts


@pytest.mark.parametrize("per_minute", [2, 20])
def test_2_7_one_users_storm_of_failing_calls_alarms_nobody(per_minute: int) -> None:
    """Forty healthy days with one: it is taken for an ill provider in all of them when every call counts, and in at
    most α + β of them, within the exact binomial bound, as it is."""
    plain = bounded = 0
    for seed in range(40):
        calls, parts = stormed(seed, per_minute)
        bounded += alarmed_after(calls, parts, days=7) is not None
        plain += alarmed_after(calls, parts.sum(axis=1), days=7) is not None if seed < 5 else 0
    assert plain == 5
    assert bounded <= stats.binom.ppf(1 - 1e-6, 40, ALPHA + BETA)


def test_2_7_a_part_that_does_not_count_never_makes_evidence_larger() -> None:
    """At any look, from any start, it is at most that of 15/16 of all events against 15/16 of what is expected, which a
    dispersion of 16/15 makes of them: so what holds of that holds of this one."""
    rng = np.random.default_rng(9)
    for _ in range(200):
        with_parts = without = Watched(metric="x")
        for _ in range(int(rng.integers(1, 30))):
            parts = tuple(rng.poisson(rng.gamma(0.5, 4.0), PARTS).tolist())
            calls, expected = int(rng.integers(sum(parts), 1000 + sum(parts))), float(rng.uniform(0, 30))
            micro = round(expected * MICRO)
            with_parts = msgspec.structs.replace(with_parts, at=with_parts.at.plus(calls, sum(parts), micro, parts))
            without = msgspec.structs.replace(without, at=without.at.plus(calls, sum(parts), micro))
            if rng.random() < 0.2:
                with_parts, without = begin_again(with_parts), begin_again(without)
            assert log_e(with_parts, NOWHERE, 1.5, 1.0) <= log_e(without, NOWHERE, 1.5, 1.0) + 1e-12


def test_2_7_a_host_that_begins_or_ceases_to_tell_parts_makes_no_evidence_larger() -> None:
    """An older agent is among them, or was for a while: were another test taken then, both together could alarm twice
    as often. At every look it is at most that of 15/16 of all; what one part is known to have does not count."""
    rng = np.random.default_rng(10)
    for _ in range(200):
        some = none = Watched(metric="x")
        for _ in range(int(rng.integers(1, 30))):
            parts = tuple(rng.poisson(rng.gamma(0.5, 4.0), PARTS).tolist())
            calls, expected = int(rng.integers(sum(parts), 1000 + sum(parts))), round(rng.uniform(0, 30) * MICRO)
            told = parts if rng.random() < 0.5 else ()
            some = msgspec.structs.replace(some, at=some.at.plus(calls, sum(parts), expected, told))
            none = msgspec.structs.replace(none, at=none.at.plus(calls, sum(parts), expected))
            if rng.random() < 0.2:
                some, none = begin_again(some), begin_again(none)
            assert log_e(some, NOWHERE, 1.5, 1.0) <= log_e(none, NOWHERE, 1.5, 1.0) + 1e-12
    at = Position().plus(1000, 90, 20 * MICRO, (40, 30))
    rest = control_health.worse_count(50 * 16 / 15, 1.5 * 20, 16 / 15)
    assert log_e(Watched(metric="x", at=at), NOWHERE, 1.5, 1.0) == pytest.approx(math.log(0.5 * math.exp(rest) + 0.5))
    untold = log_e(Watched(metric="x", at=Position().plus(1000, 90, 20 * MICRO)), NOWHERE, 1.0, 1.0)
    assert untold < math.log(0.5 * math.exp(control_health.worse_count(90, 20.0)) + 0.5)


def test_2_7_four_times_as_many_by_all_users_are_seen_as_soon() -> None:
    """Within 90 minutes at 2,000 calls an hour, as without; all of ten."""
    rng = np.random.default_rng(6)
    found = [alarmed_after(*lived_in_parts(rng, Weather(), 9, 8 * MINUTES, 4.0), days=7) for _ in range(10)]
    assert all(at is not None and MINUTES < at <= MINUTES + 90 for at in found)


def test_a_position_is_kept_with_the_release_and_comes_back() -> None:
    """What a person acknowledged, parts and all; that of an earlier Serinus has none."""
    at = Position().plus(10, 3, 7, (1, 2)).plus(1, 1, 1, (0, 0, 1))
    assert position_of(at.numbers()) == at == Position(11, 4, 8, (1, 2, 1))
    assert position_of({"calls": 5, "events": 2, "expected_micro": 9}) == Position(5, 2, 9)
    assert (position_of({}), at.since(Position(5, 9, 0, (1,)))) == (Position(), Position(6, 0, 8, (0, 2, 1)))


def test_2_7_an_app_that_grows_tenfold_alarms_nobody() -> None:
    """What chance hid in a quiet week shows when there are ten times the calls: days and hours differ by a fifth. At
    most α + β of 40, within the exact binomial bound."""
    rng, quiet = np.random.default_rng(11), Weather(hourly=200, days_sd=0.2, hours_sd=0.2)
    alarms = 0
    for _ in range(40):
        week, day = lived(rng, quiet, 7), lived(rng, msgspec.structs.replace(quiet, hourly=2000), 1)
        calls, events = (np.concatenate(pair) for pair in zip(week, day, strict=True))
        alarms += alarmed_after(calls, events, days=7) is not None
    assert alarms <= stats.binom.ppf(1 - 1e-6, 40, ALPHA + BETA)


@pytest.mark.parametrize("shift", [-60, 60])
def test_2_7_when_the_clocks_change_the_night_batch_alarms_nobody(shift: int) -> None:
    """Every night at three a batch fails five times as often; the release lives through the first night at two, or at
    four. None of ten, where each hour's own rate alone would accuse."""
    rng, found = np.random.default_rng(12), list[bool]()
    at = np.arange(8 * MINUTES) % MINUTES
    late = np.arange(8 * MINUTES) >= 7 * MINUTES
    bad = (at // 60 == 3) & ~late | ((at - shift) // 60 == 3) & late
    for _ in range(10):
        calls = rng.poisson(40, 8 * MINUTES).astype(np.int64)
        events = rng.binomial(calls, np.where(bad, 0.1, 0.02)).astype(np.int64)
        found.append(alarmed_after(calls, events, days=7) is not None)
    assert not any(found)
