"""Deadlines without timers."""

from __future__ import annotations

from serinus.gateway.deadlines import NEVER, SETS, Deadlines


class Thing:
    """Counts how often it expired."""

    def __init__(self, deadline_ns: int) -> None:
        self.deadline_ns = deadline_ns
        self.expired: list[int] = []

    def expire(self, now_ns: int) -> None:
        self.expired.append(now_ns)
        self.deadline_ns = NEVER


def round_of(deadlines: Deadlines, now_ns: int) -> None:
    """One look at every set."""
    for _ in range(SETS):
        deadlines.tick(now_ns)


def test_what_is_due_expires_once_within_a_round() -> None:
    """Deadlines may be moved both ways by assignment; each is noticed within one round."""
    deadlines = Deadlines()
    things = [Thing(100) for _ in range(50)]
    for thing in things:
        deadlines.watch(thing)
    round_of(deadlines, 100)
    assert all(thing.expired == [] for thing in things)
    things[0].deadline_ns = 1000
    things[1].deadline_ns = 50
    round_of(deadlines, 101)
    round_of(deadlines, 102)
    assert things[0].expired == []
    assert all(thing.expired == [101] for thing in things[1:])


def test_a_thing_that_is_forgotten_does_not_expire() -> None:
    """Forgetting twice is harmless; things may forget one another while they expire."""
    deadlines = Deadlines()
    gone = Thing(1)
    deadlines.watch(gone)
    deadlines.forget(gone)
    deadlines.forget(gone)
    round_of(deadlines, 10)
    assert gone.expired == []
