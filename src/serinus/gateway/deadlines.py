"""Deadlines without a timer each: a ring of sets, one of which is looked at per tick.

Setting a deadline is one attribute assignment on the watched thing; it is noticed at most one round of the ring late.
"""

from __future__ import annotations

from typing import Protocol

SETS = 8
NEVER = 1 << 63


class Watched(Protocol):
    """A thing with a deadline in monotonic ns."""

    deadline_ns: int

    def expire(self, now_ns: int) -> None:
        """The deadline has passed; sets another one, or ends the thing."""
        ...


class Deadlines:
    """The ring. Call `tick` regularly: with 20 ms between ticks a deadline is noticed within 180 ms."""

    def __init__(self) -> None:
        self._sets: list[set[Watched]] = [set() for _ in range(SETS)]
        self._turn = 0

    def watch(self, thing: Watched) -> None:
        """Look at a thing from now on."""
        self._set_of(thing).add(thing)

    def forget(self, thing: Watched) -> None:
        """Look at it no more."""
        self._set_of(thing).discard(thing)

    def tick(self, now_ns: int) -> None:
        """Expire what is due in the next set."""
        self._turn = (self._turn + 1) % SETS
        due = [thing for thing in self._sets[self._turn] if thing.deadline_ns < now_ns]
        for thing in due:
            thing.expire(now_ns)

    def _set_of(self, thing: Watched) -> set[Watched]:
        return self._sets[(id(thing) >> 6) % SETS]
