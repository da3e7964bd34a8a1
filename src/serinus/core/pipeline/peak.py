"""Peak traffic (E4): the hours of the week that a shadow stage must have seen, fixed when a release starts.

Declared hours are wall-clock hours of an IANA zone, whose rules the caller hands in as a `tzinfo`: an instant is taken
to local time, never the other way, so that a change to or from summer time neither doubles nor loses an hour. Hours
found in an app's own traffic are hours of the week in UTC, 0 for Monday 00:00.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from serinus.core.errors import InvalidInput

AUTO = "auto"
HISTORY_DAYS = 14
BUSY = 0.75
"""An hour of the week is a peak hour with this part of the busiest one's calls."""
LOOK_BACK_MIN = 60
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_EXAMPLE = 'write `hours: "09:00-17:00", days: mon-fri, zone: Europe/Berlin`, or `peak: auto`'
_HOUR_US = 3_600_000_000
_DAY_MIN = 1440
_FIRST_MONDAY_H = 4 * 24
"""Hours from 1970-01-01, a Thursday, to the first Monday."""


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """`min_units` units must have their pair inside the window. `hours` are `HH:MM-HH:MM` (over midnight when the end
    is not after the start: such a window belongs to the day it begins on), or `auto`: the app's own busiest hours,
    which stand in `busiest` from the start of the release on. `days` are `mon-fri` or `mon,wed,sat-sun`."""

    hours: str
    days: str = "mon-sun"
    zone: str = "UTC"
    min_units: int = 100
    busiest: tuple[int, ...] = ()


def check_peak(where: str, peak: Peak) -> None:
    """Refuse a window that cannot be; InvalidInput at `where` says why. Whether the zone exists is for its reader."""
    if peak.min_units < 1:
        raise InvalidInput("min_units is at least 1", where=f"{where}.min_units", mend="e.g. min_units: 100")
    if any(not 0 <= hour < 168 for hour in peak.busiest):
        raise InvalidInput("an hour of the week is 0 to 167", where=f"{where}.busiest", mend="leave it out")
    if peak.hours == AUTO:
        if peak.days != "mon-sun" or peak.zone != "UTC":
            raise InvalidInput("`auto` finds days and hours itself", where=where, mend="leave out `days` and `zone`")
        return
    minutes_of(peak.hours, f"{where}.hours")
    days_of(peak.days, f"{where}.days")
    if not peak.zone:
        raise InvalidInput("no zone", where=f"{where}.zone", mend=_EXAMPLE)


def minutes_of(hours: str, where: str = "hours") -> tuple[int, int]:
    """Start and end in minutes after midnight, the end above 24 h when it is on the next day."""
    found = _HOURS.fullmatch(hours)
    start, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
    if found is None or start == end or end > _DAY_MIN:
        raise InvalidInput(f"{hours!r} are not hours of a day", where=where, mend=_EXAMPLE)
    return start, end if end > start else end + _DAY_MIN


def days_of(days: str, where: str = "days") -> frozenset[int]:
    """The weekdays, 0 for Monday; a range may go over Sunday."""
    found: set[int] = set()
    for part in days.split(","):
        first, dash, last = part.strip().partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise InvalidInput(f"{days!r} are not days", where=where, mend="write `days: mon-fri` or `days: sat,sun`")
        start = _DAYS.index(first)
        length = (_DAYS.index(last) - start) % 7 if dash else 0
        found |= {(start + i) % 7 for i in range(length + 1)}
    return frozenset(found)


def inside(peak: Peak, at_us: int, zone: tzinfo) -> bool:
    """Whether an instant (µs UTC) lies in the window."""
    if peak.hours == AUTO:
        return (at_us // _HOUR_US - _FIRST_MONDAY_H) % 168 in peak.busiest
    start, end = minutes_of(peak.hours)
    days = days_of(peak.days)
    local = datetime.fromtimestamp(at_us / 1e6, UTC).astimezone(zone)
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if start <= minute < end and day in days:
        return True
    return minute + _DAY_MIN < end and (day - 1) % 7 in days


def since_us(peak: Peak, at_us: int, zone: tzinfo) -> int:
    """Since when (µs UTC, to the minute, at most an hour back) an instant's window has lasted; 0 outside of it."""
    if not inside(peak, at_us, zone):
        return 0
    minute = timedelta(minutes=1) // timedelta(microseconds=1)
    floor, begun = at_us - at_us % minute, at_us
    for back in range(LOOK_BACK_MIN):
        begun = floor - back * minute
        if not inside(peak, begun - 1, zone):
            break
    return begun


def busiest(hourly: Mapping[int, int]) -> tuple[int, ...]:
    """The peak hours of the week in calls per hour (by its start, µs UTC); an hour without calls is not in it. Weeks
    are added up, so that every hour of the week counts as often as any other."""
    weekly: dict[int, int] = {}
    for start_us, calls in hourly.items():
        hour = (start_us // _HOUR_US - _FIRST_MONDAY_H) % 168
        weekly[hour] = weekly.get(hour, 0) + calls
    most = max(weekly.values(), default=0)
    return tuple(sorted(hour for hour, calls in weekly.items() if calls >= BUSY * most and calls))


def words(peak: Peak) -> str:
    """The window for people: `09:00-17:00 mon-fri (Europe/Berlin)`."""
    if peak.hours == AUTO:
        return f"the app's {len(peak.busiest)} busiest hours of the week" if peak.busiest else "the app's busiest hours"
    return f"{peak.hours} {peak.days} ({peak.zone})"
