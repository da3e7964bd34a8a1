"""What the live version's own calls come to: hours of its past, and since a release began."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

import msgspec

HOURS = 24
WEEK_HOURS = 7 * HOURS
LEAST_HOURS = 72
"""Whole hours with calls that the past must have: three days show each hour of the day three times."""
LEAST_CALLS = 1000
MICRO = 1_000_000
"""What is expected is kept in millionths of an event, so that sums are whole numbers."""
_PART = "part_"


class Hour(msgspec.Struct, frozen=True, array_like=True):
    """A whole clock hour since 1970: calls in it, and those with the event."""

    hour: int
    calls: int
    events: int


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What hours of the past come to. `calls` and `events` by hour of the day (UTC), `hours` with calls in all; the
    `dispersion` of counts over hours, and how many times its usual rate the `worst_day` had, 1 at least. `odd`: by hour
    of the week since 1970, the rates of those that stood out from that hour of the day (None: an earlier Serinus did
    not look). `first_hour` with calls, since 1970; 0: unknown."""

    calls: tuple[int, ...]
    events: tuple[int, ...]
    hours: int
    dispersion: float = 1.0
    worst_day: float = 1.0
    odd: tuple[tuple[int, float], ...] | None = None
    first_hour: int = 0

    @property
    def rate(self) -> float:
        """Of all calls."""
        return sum(self.events) / max(1, sum(self.calls))

    @property
    def lacking(self) -> str:
        """Why it says too little to judge by; empty when it says enough."""
        if self.hours < LEAST_HOURS:
            return f"{self.hours} of {LEAST_HOURS} hours with calls are known"
        known = sum(self.calls)
        return f"{known:,} of {LEAST_CALLS:,} calls are known" if known < LEAST_CALLS else ""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One metric's past, frozen with the release that the version is the control of: how often its calls had the event,
    or took longer than `at_us`, which is the release's own yardstick of a latency (0: an event). What was before
    `measured_us` was measured otherwise, and is left out (0: nothing was)."""

    metric: str
    usual: Usual
    at_us: int = 0
    measured_us: int = 0


class LiveMinute(msgspec.Struct, frozen=True, array_like=True):
    """A minute of the live version: calls, and those with the event, for each metric of the release's past in order;
    and by which part of units these came (`event_parts`), empty where nobody told."""

    start_us: int
    counts: tuple[tuple[int, int], ...]
    parts: tuple[tuple[int, ...], ...] = ()


class Position(msgspec.Struct, frozen=True, array_like=True):
    """How far counting had come: calls, those with the event, and millionths of the events that were to be expected;
    of the events those of each part of units, as far as it was told."""

    calls: int = 0
    events: int = 0
    expected_micro: int = 0
    parts: tuple[int, ...] = ()

    @property
    def most(self) -> int:
        """Events of the part that had the most."""
        return max(self.parts, default=0)

    def plus(self, calls: int, events: int, expected_micro: int, parts: tuple[int, ...] = ()) -> Position:
        """Further by so much."""
        added = tuple(map(sum, zip_longest(self.parts, parts, fillvalue=0)))
        return Position(self.calls + calls, self.events + events, self.expected_micro + expected_micro, added)

    def since(self, start: Position) -> Position:
        """What came after a start; nothing before one that lies ahead."""
        return Position(
            max(0, self.calls - start.calls),
            max(0, self.events - start.events),
            max(0, self.expected_micro - start.expected_micro),
            tuple(max(0, now - then) for now, then in zip_longest(self.parts, start.parts, fillvalue=0)),
        )

    def numbers(self) -> dict[str, int]:
        """As a release keeps where a person acknowledged it."""
        parts = {f"{_PART}{i}": count for i, count in enumerate(self.parts)}
        return {"calls": self.calls, "events": self.events, "expected_micro": self.expected_micro, **parts}


def position_of(numbers: Mapping[str, int]) -> Position:
    """From `Position.numbers`; the beginning where there are none."""
    count = sum(name.startswith(_PART) for name in numbers)
    return Position(
        numbers.get("calls", 0),
        numbers.get("events", 0),
        numbers.get("expected_micro", 0),
        tuple(numbers.get(f"{_PART}{i}", 0) for i in range(count)),
    )


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One metric's: where it stands, how often it was begun anew, and where the newest of these began. `otherwise`:
    since the release began it has been measured in another way than its past was."""

    metric: str
    at: Position = Position()
    begun: int = 0
    starts: tuple[Position, ...] = ()
    otherwise: bool = False
