"""When no release starts or takes a step: windows that a plan declares, and one switch for all apps (H12).

A freeze holds what would expose more users. It never holds a rollback, a pause, or what protects users otherwise.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.peak import Peak, days_of, inside, minutes_of

_EXAMPLE = "write `- {days: fri-sun, zone: Europe/Berlin}` or `- {first: 2026-12-20, last: 2027-01-03, zone: UTC}`"


class FreezeWindow(msgspec.Struct, frozen=True, kw_only=True):
    """`hours` (`HH:MM-HH:MM`, over midnight when the end is not after the start) of `days` (`fri-sun`, `mon,wed`) in
    an IANA `zone`, from the date `first` to `last`, both included (empty: without bound)."""

    hours: str = "00:00-24:00"
    days: str = "mon-sun"
    zone: str = "UTC"
    first: str = ""
    last: str = ""
    reason: str = ""


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """The switch for all apps, while it is on: who turned it, when and why."""

    actor: str
    at_us: int
    reason: str


def check_windows(windows: tuple[FreezeWindow, ...]) -> None:
    """Refuse a window that cannot be; InvalidInput says where. Whether the zone exists is for its reader."""
    for i, window in enumerate(windows):
        where = f"plan.freeze[{i}]"
        minutes_of(window.hours, f"{where}.hours")
        days_of(window.days, f"{where}.days")
        if not window.zone:
            raise InvalidInput("no zone", where=f"{where}.zone", mend=_EXAMPLE)
        first, last = _date(window.first, f"{where}.first"), _date(window.last, f"{where}.last")
        if first and last and last < first:
            raise InvalidInput(f"it ends on {last} before it begins", where=f"{where}.last", mend=_EXAMPLE)
        if window == FreezeWindow(zone=window.zone, reason=window.reason):
            raise InvalidInput("it never ends: no release would ever start", where=where, mend=_EXAMPLE)


def frozen_in(window: FreezeWindow, at_us: int, zone: tzinfo) -> bool:
    """Whether an instant (µs UTC) lies in the window."""
    today = datetime.fromtimestamp(at_us / 1e6, UTC).astimezone(zone).date()
    first, last = _date(window.first, "first"), _date(window.last, "last")
    if (first and today < first) or (last and today > last):
        return False
    return inside(Peak(hours=window.hours, days=window.days, zone=window.zone), at_us, zone)


def window_words(window: FreezeWindow) -> str:
    """The window for people: `fri-sun 00:00-24:00 (Europe/Berlin): nobody is in`."""
    dates = f"{window.first or '…'} to {window.last or '…'}, " if window.first or window.last else ""
    why = f": {window.reason}" if window.reason else ""
    return f"{dates}{window.days} {window.hours} ({window.zone}){why}"


def _date(text: str, where: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a date", where=where, mend="write it as 2026-12-20") from None
