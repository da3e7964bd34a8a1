"""Windows of peak traffic: declared hours of a zone, and an app's own busiest hours."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.peak import Peak, busiest, check_peak, inside, since_us, words

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Peak(hours="09:00-17:00", days="mon-fri", zone="Europe/Berlin")
HOUR_US = 3_600_000_000


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ("2026-11-20T07:59:59", False),
        ("2026-11-20T08:00:00", True),
        ("2026-11-20T15:59:59", True),
        ("2026-11-20T16:00:00", False),
        ("2026-11-21T10:00:00", False),
        ("2026-07-20T06:59:59", False),
        ("2026-07-20T07:00:00", True),
        ("2026-07-20T15:00:00", False),
    ],
)
def test_E4_declared_hours_follow_the_zones_own_clock(utc: str, expected: bool) -> None:
    """Nine o'clock in Berlin is 8:00 UTC in winter and 7:00 in summer; Saturday is no working day."""
    assert inside(OFFICE, us(utc), BERLIN) is expected


def test_E4_the_night_of_a_change_of_clocks_has_each_hour_it_had() -> None:
    """The hour from 2 to 3 comes twice in October and not at all in March."""
    night = Peak(hours="02:00-03:00", zone="Europe/Berlin")
    for day, minutes in (("2026-10-25", 120), ("2026-03-29", 0), ("2026-11-20", 60)):
        start = us(f"{day}T00:00:00") - 2 * HOUR_US
        found = [inside(night, start + minute * 60_000_000, BERLIN) for minute in range(6 * 60)]
        assert sum(found) == minutes


def test_E4_hours_over_midnight_belong_to_the_day_they_begin_on() -> None:
    """Friday night goes on into Saturday; Thursday night into Friday does not count."""
    party = Peak(hours="22:00-03:00", days="fri")
    assert inside(party, us("2026-11-20T23:00:00"), UTC)
    assert inside(party, us("2026-11-21T02:59:00"), UTC)
    assert not inside(party, us("2026-11-21T03:00:00"), UTC)
    assert not inside(party, us("2026-11-20T02:00:00"), UTC)


def test_E4_a_window_tells_since_when_it_lasts() -> None:
    """To the minute; an hour back is enough to know that a round and the one before lie in the same window."""
    assert since_us(OFFICE, us("2026-11-20T08:20:30"), BERLIN) == us("2026-11-20T08:00:00")
    assert since_us(OFFICE, us("2026-11-20T12:20:30"), BERLIN) == us("2026-11-20T11:21:00")
    assert since_us(OFFICE, us("2026-11-20T07:20:30"), BERLIN) == 0


def test_E4_the_busiest_hours_come_from_the_apps_own_traffic() -> None:
    """Those with at least three quarters of the busiest hour's calls, over all weeks; quiet hours are not among
    them."""
    monday = us("2026-11-16T00:00:00")
    calls = {monday + hour * HOUR_US: (100 if 9 <= hour < 12 else 10) for hour in range(24)}
    calls |= {monday + (7 * 24 + 10) * HOUR_US: 40}
    assert busiest(calls) == (10,)
    assert busiest({start: n for start, n in calls.items() if start < monday + 24 * HOUR_US}) == (9, 10, 11)
    assert busiest({}) == ()
    auto = Peak(hours="auto", busiest=(9, 10, 11))
    assert inside(auto, monday + 9 * HOUR_US, UTC)
    assert not inside(auto, monday + 12 * HOUR_US, UTC)
    assert "3 busiest hours" in words(auto)


@pytest.mark.parametrize(
    ("peak", "where"),
    [
        (Peak(hours="9-17"), "here.hours"),
        (Peak(hours="09:00-09:00"), "here.hours"),
        (Peak(hours="09:00-24:30"), "here.hours"),
        (Peak(hours="09:00-17:00", days="monday"), "here.days"),
        (Peak(hours="09:00-17:00", zone=""), "here.zone"),
        (Peak(hours="09:00-17:00", min_units=0), "here.min_units"),
        (Peak(hours="auto", days="mon-fri"), "here"),
        (Peak(hours="auto", busiest=(168,)), "here.busiest"),
    ],
)
def test_E4_a_window_that_cannot_be_is_refused(peak: Peak, where: str) -> None:
    """The error names the place and shows what to write."""
    with pytest.raises(InvalidInput) as refused:
        check_peak("here", peak)
    assert refused.value.where == where
    assert refused.value.mend
