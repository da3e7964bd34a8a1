"""The live version against its own past in a rehearsal: a week in which the provider was well, and control's minutes
since users first saw the candidate.

Of the live version only the control's calls are played, not those of the rest: in production it is judged sooner. Its
events are spread evenly over the parts of units that `watched` tells apart.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from serinus.core.decision.control_health import AGAIN_MINUTES, ALPHA, BETA, TRIGGER
from serinus.core.decision.observations import Observations
from serinus.core.pipeline.plan import Plan
from serinus.core.records.event_parts import PARTS
from serinus.core.records.live_calls import MICRO, Hour, LiveMinute, Past, Position, Watched
from serinus.core.release.release import Progress, Release
from serinus.core.stats.evidence import NoData
from serinus.core.stats.usual import learn, references
from serinus.core.stats.watched import KEPT
from serinus.rehearsal.calls import pace
from serinus.rehearsal.population import Bools, Floats, Ints
from serinus.rehearsal.rounds import START_US
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.stretch import Stretch

MINUTE_S = 60
_HOUR_S = 3600
_START_MINUTE = START_US // 60_000_000


def past_of(scenario: Scenario, plan: Plan) -> tuple[Past, ...]:
    """What the scenario's `past` comes to, of the events that it and the plan's guardrails know. Empty without one."""
    if not plan.control_ratio or plan.first:
        return ()
    rates = {one.metric: one.chance for one in scenario.rates}
    rails = [rail for rail in plan.guardrails if rail.metric in rates and rail.role != "info" and not rail.dry_run]
    hours = int(scenario.past_s // _HOUR_S)
    minutes = np.arange(-hours * MINUTE_S, 0)
    hourly = pace(scenario.traffic, minutes).reshape(hours, MINUTE_S).sum(axis=1)
    first = START_US // 1_000_000 // _HOUR_S - hours
    return tuple(
        Past(metric=rail.metric, usual=learn(_hours(hourly, first, rates[rail.metric])))
        for rail in rails
        if hours and not rail.awaits_labels
    )


def _hours(hourly: Floats, first: int, rate: float) -> list[Hour]:
    return [Hour(first + i, round(calls), round(calls * rate)) for i, calls in enumerate(hourly.tolist())]


def waits_for_control(release: Release) -> bool:
    """Whether it is paused for the live version's health."""
    return release.hold is not None and release.hold.trigger.startswith(TRIGGER)


class OwnPast:
    """One release's: what is watched of its control, minute by minute."""

    def __init__(self, release: Release, kinds: tuple[str, ...], first: int, beat_s: int) -> None:
        """From beat `first` on, the first in which users see the candidate; `kinds` name what is counted of calls."""
        self._past = release.past
        self._ratio = release.plan.control_ratio
        self._of = [kinds.index(past.metric) for past in release.past]
        self._beat_s = beat_s
        self._first = first * beat_s // MINUTE_S
        self._calls: Ints = np.zeros(1, dtype=np.int64)  # in all, after so many minutes
        self._events: Ints = np.zeros((len(self._of), 1), dtype=np.int64)
        self._expected: Ints = np.zeros((len(self._of), 1), dtype=np.int64)

    def over(self, stretch: Stretch) -> Bools:
        """Count the minutes of a stretch; at the end of which of its beats the watch may alarm."""
        known = self._minutes(stretch.first)
        found = stretch.whole(MINUTE_S).since(self._first + known)
        until = self._minutes(stretch.first + stretch.beats)
        calls = found.requests[: until - known, 1]
        events = found.bad[self._of, : until - known, 1]
        at = self._first + known + np.arange(len(calls))
        expected = np.stack([_expected(past, at, calls) for past in self._past])
        self._calls = _after(self._calls[: known + 1], calls)
        self._events = _after(self._events[:, : known + 1], events)
        self._expected = _after(self._expected[:, : known + 1], expected)
        told = np.zeros(stretch.beats, dtype=np.bool_)
        may = known + 1 + np.flatnonzero(self._may_alarm(known + 1))
        told[(self._first + may) * MINUTE_S // self._beat_s - 1 - stretch.first] = True
        return told

    def looked(self, beat: int, progress: Progress | None, seen: Observations) -> tuple[Progress | None, Observations]:
        """What a round at the end of a beat sees of the newest minute, and the tick's memory as all minutes before it
        would have left it."""
        minutes = self._minutes(beat + 1)
        whole = (beat + 1) * self._beat_s % MINUTE_S == 0
        before = minutes - 1 if whole and minutes else minutes
        if progress is not None:
            live = tuple(self._watched(k, before) for k in range(len(self._past)))
            progress = msgspec.structs.replace(progress, live=live, live_until_us=self._until_us(before))
        told = tuple(self._minute(at) for at in range(before, minutes))
        return progress, msgspec.structs.replace(seen, live=told, live_until_us=self._until_us(minutes))

    def _minutes(self, beat: int) -> int:
        """Whole minutes over before a beat."""
        return beat * self._beat_s // MINUTE_S - self._first

    def _until_us(self, minutes: int) -> int:
        return (_START_MINUTE + self._first + minutes) * 60_000_000

    def _minute(self, at: int) -> LiveMinute:
        calls = int(self._calls[at + 1] - self._calls[at])
        counts = tuple((calls, int(events[at + 1] - events[at])) for events in self._events)
        parts = tuple(_parts(int(events[at]), int(events[at + 1])) for events in self._events)
        return LiveMinute(self._until_us(at), counts, parts)

    def _watched(self, k: int, minutes: int) -> Watched:
        again = self._again(minutes)
        starts = tuple(self._position(k, int(at)) for at in again[-KEPT:])
        at = self._position(k, minutes)
        return Watched(metric=self._past[k].metric, at=at, begun=len(again), starts=starts)

    def _position(self, k: int, minutes: int) -> Position:
        events = int(self._events[k, minutes])
        return Position(int(self._calls[minutes]), events, int(self._expected[k, minutes]), _parts(0, events))

    def _again(self, minutes: int) -> Ints:
        """After how many minutes the watch was begun anew, of those up to here."""
        first = AGAIN_MINUTES - (_START_MINUTE + self._first) % AGAIN_MINUTES
        return np.arange(first, minutes + 1, AGAIN_MINUTES)

    def _may_alarm(self, first: int) -> Bools:
        """For each minute from `first` on: whether a start has so large a likelihood ratio of any rate that the mixture
        over rates may alarm, which is never larger."""
        last = len(self._calls)
        ends = np.arange(first, last)
        again = np.concatenate((np.zeros(KEPT, dtype=np.int64), self._again(last - 1)))
        newest = np.searchsorted(again, ends, side="right")
        starts = np.stack([np.zeros_like(ends), *(again[np.maximum(newest - n, 0)] for n in range(1, KEPT + 1))])
        needed = math.log(len(self._past) / ALPHA)
        may = np.zeros(len(ends), dtype=np.bool_)
        for k, past in enumerate(self._past):
            if past.usual.lacking:
                continue
            events = self._events[k, ends] - self._events[k, starts]
            counted = (events - -(-events // PARTS)) / past.usual.dispersion
            usual = (self._expected[k, ends] - self._expected[k, starts]) / MICRO * self._ratio
            usual *= (PARTS - 1) / PARTS / past.usual.dispersion
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = counted * np.log(counted / usual) - counted + usual
            may |= (np.where(counted > usual, ratio, 0.0) >= needed).any(axis=0)
        return may


def _expected(past: Past, minutes: Ints, calls: Ints) -> Ints:
    bounds = references(past.usual, BETA)
    if isinstance(bounds, NoData):
        return np.zeros_like(calls)
    rate = np.array(bounds)[(_START_MINUTE + minutes) // 60 % len(bounds)]
    return np.asarray(np.rint(calls * rate * MICRO), dtype=np.int64)


def _after(before: Ints, added: Ints) -> Ints:
    return np.concatenate((before, before[..., -1:] + np.cumsum(added, axis=-1)), axis=-1)


def _parts(before: int, after: int) -> tuple[int, ...]:
    """One event after another, each of the next part."""
    return tuple((after - part + PARTS - 1) // PARTS - (before - part + PARTS - 1) // PARTS for part in range(PARTS))
