"""What the live version's own calls come to: hours of its past, and since a release began."""

from __future__ import annotations

import msgspec

HOURS = 24
LEAST_HOURS = 72
"""Whole hours with calls that the past must have: three days show each hour of the day three times."""
LEAST_CALLS = 1000
MICRO = 1_000_000
"""What is expected is kept in millionths of an event, so that sums are whole numbers."""


class Hour(msgspec.Struct, frozen=True, array_like=True):
    """A whole clock hour since 1970: calls in it, and those with the event."""

    hour: int
    calls: int
    events: int


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What hours of the past come to. `calls` and `events` by hour of the day (UTC), `hours` with calls in all; the
    `dispersion` of counts over hours, and how many times its usual rate the `worst_day` had, 1 at least."""

    calls: tuple[int, ...]
    events: tuple[int, ...]
    hours: int
    dispersion: float = 1.0
    worst_day: float = 1.0

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
    or took longer than `at_us`, which is the release's own yardstick of a latency (0: an event)."""

    metric: str
    usual: Usual
    at_us: int = 0


class LiveMinute(msgspec.Struct, frozen=True, array_like=True):
    """A minute of the live version: calls, and those with the event, for each metric of the release's past in order."""

    start_us: int
    counts: tuple[tuple[int, int], ...]


class Position(msgspec.Struct, frozen=True, array_like=True):
    """How far counting had come: calls, those with the event, and millionths of the events that were to be expected."""

    calls: int = 0
    events: int = 0
    expected_micro: int = 0

    def plus(self, calls: int, events: int, expected_micro: int) -> Position:
        """Further by so much."""
        return Position(self.calls + calls, self.events + events, self.expected_micro + expected_micro)

    def since(self, start: Position) -> Position:
        """What came after a start; nothing before one that lies ahead."""
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(start), strict=True)
        return Position(*(max(0, now - then) for now, then in pairs))


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One metric's: where it stands, how often it was begun anew, and where the newest of these began."""

    metric: str
    at: Position = Position()
    begun: int = 0
    starts: tuple[Position, ...] = ()
