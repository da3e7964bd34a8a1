"""Calls of the compared arms: conversations begin at the traffic's pace, and their turns follow."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from serinus.rehearsal.beats import LONGEST_S
from serinus.rehearsal.population import Bools, Floats, Ints, Population
from serinus.rehearsal.scenario import DAY_S, Traffic

BELOW_ONE = math.nextafter(1.0, 0.0)
_OFFICE_H = (6, 20)


class Calls(NamedTuple):
    """Calls in the order of `at_s`. `begun_s` is when their conversation began; `marks` (metrics × calls) are uniform:
    a call has an event when its mark is below the event's chance."""

    at_s: Floats
    begun_s: Floats
    user: Ints
    candidate: Bools
    marks: Floats

    def before(self, end_s: float) -> Calls:
        """Those before a time; they share their memory with these."""
        n = int(np.searchsorted(self.at_s, end_s, side="left"))
        return Calls(self.at_s[:n], self.begun_s[:n], self.user[:n], self.candidate[:n], self.marks[:, :n])

    def chosen(self, which: Bools | Ints) -> Calls:
        """Some of them."""
        return Calls(
            self.at_s[which], self.begun_s[which], self.user[which], self.candidate[which], self.marks[:, which]
        )


def no_calls(metrics: int) -> Calls:
    """None."""
    empty = np.empty(0)
    return Calls(empty, empty, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_), np.empty((metrics, 0)))


def in_order(first: Calls, second: Calls) -> Calls:
    """Both, in order of time."""
    both = second
    if len(first.at_s):
        both = Calls(
            np.concatenate((first.at_s, second.at_s)),
            np.concatenate((first.begun_s, second.begun_s)),
            np.concatenate((first.user, second.user)),
            np.concatenate((first.candidate, second.candidate)),
            np.concatenate((first.marks, second.marks), axis=1),
        )
    return both.chosen(np.argsort(both.at_s))


def pace(traffic: Traffic, beats: Ints | Floats, beat_s: int = LONGEST_S) -> Floats:
    """Calls per beat of the whole app, for beats since the release began."""
    even = traffic.requests_per_day * beat_s / DAY_S
    hour = (traffic.starts_at_s / 3600 + (beats + 0.5) * beat_s / 3600) % 24
    if traffic.shape == "day":
        return np.asarray(even * (1 + 0.8 * np.sin(2 * np.pi * (hour - 10) / 24)))
    if traffic.shape == "office":
        opened, closed = _OFFICE_H
        open_now = (hour >= opened) & (hour < closed)
        return np.asarray(np.where(open_now, even * 24 / (closed - opened), 0.0))
    return np.full(beats.shape, even)


def begin_calls(
    rng: np.random.Generator,
    traffic: Traffic,
    people: Population,
    share: float,
    beats: Ints,
    metrics: int,
    beat_s: int = LONGEST_S,
    *,
    alone: bool = False,
) -> Calls:
    """All calls of conversations that users of both slices at `share` (`alone`: of the candidate's) begin within these
    consecutive beats; later turns may lie beyond them. In no order."""
    low, high = people.slices(share)
    high = len(people.point) if alone else high
    candidate_reach, control_reach = float(people.reach[low]), float(1.0 - people.reach[high])
    expected = pace(traffic, beats, beat_s) / traffic.turns * (candidate_reach + control_reach)
    begun = rng.poisson(expected)
    count = int(begun.sum())
    begun_s = (np.repeat(beats, begun) + rng.random(count)) * beat_s
    drawn = rng.random(count) * (candidate_reach + control_reach)
    candidate = drawn < candidate_reach
    place = np.where(candidate, drawn, float(people.reach[high]) + drawn - candidate_reach)
    user = people.at(np.minimum(place, BELOW_ONE))
    if not math.isclose(traffic.turns, 1.0):
        turns = rng.geometric(1 / traffic.turns, count)
        which = np.repeat(np.arange(count), turns)
        first = np.cumsum(turns) - turns
        waits = np.cumsum(rng.exponential(traffic.pause_s, len(which)))
        at_s = begun_s[which] + waits - waits[first][which]
    else:
        which, at_s = np.arange(count), begun_s
    marks = rng.random((metrics, len(which)))
    return Calls(at_s, begun_s[which], user[which], candidate[which], marks)
