"""What hours of the past come to: how usual an event is at which hour, and when they are too few."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.core.records.live_calls import HOURS, LEAST_CALLS, LEAST_HOURS, WEEK_HOURS, Hour, Usual
from serinus.core.stats.evidence import NoData
from serinus.core.stats.usual import learn, references


def week(rng: np.random.Generator, share: float = 0.02, calls: int = 2000, hours: int = 168) -> list[Hour]:
    """Hours with equal chances."""
    return [Hour(hour, calls, int(rng.binomial(calls, share))) for hour in range(hours)]


def bounds(usual: Usual, beta: float = 0.01) -> tuple[float, ...]:
    """The references, which there are."""
    found = references(usual, beta)
    assert not isinstance(found, NoData)
    return found


def test_hours_of_the_day_add_up() -> None:
    """Calls and events by hour of the day (UTC); hours without calls are none."""
    usual = learn([Hour(5, 10, 1), Hour(29, 20, 2), Hour(6, 0, 0), Hour(-1, 7, 7)])
    assert (usual.calls[5], usual.events[5], usual.calls[23], usual.hours) == (30, 3, 7, 3)
    assert sum(usual.calls) == 37
    assert usual.rate == pytest.approx(10 / 37)


def test_the_dispersion_is_that_of_the_bursts() -> None:
    """Of equal chances it is about 1, never less; of bursts of ten events it is about ten."""
    rng = np.random.default_rng(1)
    plain = [learn(week(rng)).dispersion for _ in range(40)]
    assert min(plain) >= 1.0
    assert float(np.median(plain)) < 1.1
    bursts = [Hour(hour, 2000, int(10 * rng.poisson(4))) for hour in range(168)]
    assert 7 < learn(bursts).dispersion < 14


def test_the_reference_is_above_the_true_rate_at_every_hour_of_the_day() -> None:
    """In at most β of pasts it is below at any hour, at night as well as by day, within the exact binomial bound."""
    rng = np.random.default_rng(2)
    true = 0.02 * (1 + 0.5 * np.sin(2 * np.pi * np.arange(WEEK_HOURS) / HOURS))
    below = 0
    for _ in range(200):
        lived = [Hour(h, 1500, int(rng.binomial(1500, true[h]))) for h in range(WEEK_HOURS)]
        below += bool(np.any(np.array(bounds(learn(lived), 0.05)) < true))
    assert below <= stats.binom.ppf(1 - 1e-6, 200, 0.05)


def test_an_hour_that_alone_is_bad_is_usual_at_that_hour() -> None:
    """A batch at three in the morning, five times as bad, is usual then, on any day, and hardly at noon."""
    lived = [Hour(h, 1000, 100 if h % HOURS == 3 else 20) for h in range(168)]
    found = bounds(learn(lived))
    assert all(found[day * HOURS + 3] >= 0.1 for day in range(7))
    assert found[12] < 0.03


def test_2_7_a_change_of_the_clocks_moves_an_hour_that_is_bad() -> None:
    """In UTC the batch comes an hour earlier in summer, or later in winter: that is as usual."""
    lived = [Hour(h, 1000, 100 if h % HOURS == 3 else 20) for h in range(168)]
    found = bounds(learn(lived))
    assert min(found[2], found[4]) >= 0.1
    assert max(found[0], found[6]) < 0.06


def test_2_7_an_hour_of_the_week_that_is_bad_is_usual_in_that_week_day_alone() -> None:
    """A batch on one night of seven, five times as bad: as far as that hour alone shows it, and at no other night."""
    lived = [Hour(h, 1000, 100 if h == 75 else 20) for h in range(168)]
    found = bounds(learn(lived))
    assert all(0.07 < found[hour] <= 0.1 for hour in (74, 75, 76))
    assert found[75 + HOURS] < 0.05
    shifted = learn([Hour(one.hour + 5 * WEEK_HOURS, one.calls, one.events) for one in lived])
    assert shifted.odd == learn(lived).odd
    assert shifted.first_hour == 5 * WEEK_HOURS


def test_2_7_the_past_of_a_release_that_an_earlier_serinus_started_is_read_as_it_was() -> None:
    """By hour of the day, each with its own, so that its decisions replay."""
    lived = [Hour(h, 1000, 100 if h % HOURS == 3 else 20) for h in range(168)]
    before = msgspec.structs.replace(learn(lived), odd=None)
    found = bounds(before)
    assert len(found) == HOURS
    assert found[2] < 0.1 <= found[3]


def test_2_7_a_gap_in_the_past_is_no_rate() -> None:
    """A day and a half without calls leave the other hours' rates, and hours with fewer calls a higher bound."""
    whole = week(np.random.default_rng(6))
    found = bounds(learn([one for one in whole if not 40 <= one.hour < 76]))
    assert learn([one for one in whole if not 40 <= one.hour < 76]).hours == 132
    assert all(0.018 < rate < 0.035 for rate in found)


def test_a_bad_day_raises_what_is_usual() -> None:
    """A day three times as bad is known to happen; a day without calls, or of a few hours, is none."""
    lived = [Hour(h, 2000, 120 if 48 <= h < 72 else 40) for h in range(168)]
    usual = learn(lived)
    assert 2.0 < usual.worst_day < 3.0
    assert learn([one for one in lived if not 48 <= one.hour < 67]).worst_day < 1.5
    assert learn(week(np.random.default_rng(3))).worst_day == pytest.approx(1.0, abs=0.05)


def test_an_hour_of_the_day_without_calls_has_the_highest_bound() -> None:
    """An app that sleeps at night has no night's rate: the worst hour's is taken."""
    found = bounds(learn([Hour(h, 1000, 20 + h % HOURS) for h in range(168) if 8 <= h % HOURS < 20]))
    assert found[1] == max(found)
    assert min(found[8:20]) < max(found)


def test_no_event_ever_is_not_a_rate_of_nothing() -> None:
    """Of 168,000 calls without an event the bound at each hour is small, and above 0."""
    found = bounds(learn([Hour(h, 1000, 0) for h in range(168)]))
    assert 0 < max(found) < 0.001


@pytest.mark.parametrize(
    ("hours", "calls", "lacking"),
    [
        (LEAST_HOURS - 1, 100, f"71 of {LEAST_HOURS} hours"),
        (LEAST_HOURS, 10, f"720 of {LEAST_CALLS:,} calls"),
        (0, 1, f"0 of {LEAST_HOURS} hours"),
    ],
)
def test_too_little_past_says_how_little(hours: int, calls: int, lacking: str) -> None:
    """Then there is no reference, and the reason is told."""
    usual = learn([Hour(hour, calls, 1) for hour in range(hours)])
    found = references(usual, 0.01)
    assert isinstance(found, NoData)
    assert found.reason.startswith(lacking)


def test_enough_past_lacks_nothing() -> None:
    """Three days with a thousand calls are enough; a chance that is none is refused."""
    usual = learn([Hour(hour, 14, 0) for hour in range(LEAST_HOURS)])
    assert usual.lacking == ""
    with pytest.raises(InvalidInput):
        references(usual, 0.0)


def test_the_order_of_hours_does_not_matter() -> None:
    """What is learned is the same to the last digit, so that it can be read anew."""
    hours = week(np.random.default_rng(4))
    assert len({learn(order) for order in itertools.islice((hours, hours[::-1], hours[80:] + hours[:80]), 3)}) == 1
