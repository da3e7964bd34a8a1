"""What calls leave in the telemetry store, worked out by kinds of call instead of counted one by one: filling a store
with ten million takes seconds. `tests/unit/bench/test_past.py` holds it to what a host agent leaves of the same calls,
but for which part of users events come from.

A release has 3 strata with both compared arms. In each of these six places `units` users call in turn, `turns` times
each, evenly over `seconds`. User u is of kind u mod 100: one in twenty calls slowly, three in fifty have one bad event
each, in their first call; cost and tokens differ by kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from serinus.core.records import histogram
from serinus.core.records.record import End, Event
from serinus.core.records.sums import Enrolment, Rollup, Sum, SumKey
from serinus.core.records.tally import WIDTHS_S, Read, sums_of, tally
from serinus.core.records.unit_measures import BUCKETS, UnitKey, UnitSum, bits_of, unit_sums
from serinus.core.routing.assignment import COMPARED, Arm
from serinus.core.routing.snapshot import Measured

KINDS = 100
STRATA = 3
PLACES = tuple((stratum, arm) for stratum in range(STRATA) for arm in COMPARED)
VERSION = bytes(32)
_US = 1_000_000
_EVENTS = {0: Event.ERROR, 1: Event.REFUSAL, 2: Event.INVALID_FORMAT}
_COUNTS = ("requests", "tokens_in", "tokens_out", "cost_nano", "priced", "streams", "stream_tokens", "stream_us")

Ints = npt.NDArray[np.int64]


class Past(NamedTuple):
    """The calls of one release: `units` users in each place, the first of whom is number `first`, until `until_s`."""

    units: int
    turns: int
    seconds: int
    until_s: int
    first: int = 0

    @property
    def calls(self) -> int:
        """All of them."""
        return self.units * self.turns * len(PLACES)


def unit_of(place: int, number: int) -> bytes:
    """The pseudonym of a user of a place (by its number in PLACES)."""
    return (place << 32 | number).to_bytes(8, "big")


def end_of(call: bytes, number: int, turn: int, at_s: int, app: str) -> End:
    """The record of a user's call."""
    kind = number % KINDS
    event = _EVENTS.get(kind % 50, 0) if turn == 0 else 0
    latency_us = 2_000_000 if kind % 20 == 0 else 500_000
    return End(
        call=call,
        at_us=at_s * _US,
        mono_ns=at_s * 1_000_000_000,
        app=app,
        version=VERSION,
        revision=1,
        conversation=number,
        status=200,
        error=1 if event == Event.ERROR else 0,
        events=int(event),
        latency_us=latency_us,
        ttft_us=latency_us // 2,
        tokens_in=10,
        tokens_out=20 + kind % 11,
        cost_nano=900 + 40 * (kind % 7),
    )


def calls_of(past: Past) -> Iterator[tuple[int, int, int]]:
    """(user, turn, second) of each call of a place, one by one."""
    for user, turn, second in zip(*(one.tolist() for one in _calls(past)), strict=True):
        yield past.first + user, turn, second


def _calls(past: Past) -> tuple[Ints, Ints, Ints]:
    every = np.arange(past.units * past.turns)
    second = past.until_s - past.seconds + every * past.seconds // max(1, len(every))
    return every % past.units, every // past.units, second


def rollups(past: Past, host: str, app: str, release: str) -> list[Rollup]:
    """By the second and by the minute."""
    user, turn, second = _calls(past)
    kind = (past.first + user) % KINDS + KINDS * (turn > 0)
    kinds = _rollup_of_each_kind()
    found = []
    for width_s in WIDTHS_S:
        start = second // width_s * width_s
        starts, at = np.unique(start, return_inverse=True)
        counts = np.bincount(at * 2 * KINDS + kind, minlength=len(starts) * 2 * KINDS).reshape(len(starts), 2 * KINDS)
        for start_s, row in zip(starts.tolist(), counts.tolist(), strict=True):
            whole = _of_kinds(kinds, row)
            found += [
                Rollup(
                    host=host,
                    app=app,
                    release=release,
                    stratum=stratum,
                    arm=int(arm),
                    version=VERSION.hex(),
                    start_us=start_s * _US,
                    width_s=width_s,
                    **whole,
                )
                for stratum, arm in PLACES
            ]
    return found


def sums(past: Past, release: str, measures: tuple[Measured, ...]) -> list[tuple[SumKey, Sum]]:
    """Users enrolled, and those who had each event at least once."""
    users = _users_of_each_kind(past)
    found: dict[SumKey, Sum] = {}
    for place, (stratum, arm) in enumerate(PLACES):
        for kind in np.flatnonzero(users).tolist():
            enrolled = Enrolment(release, unit_of(place, kind), arm, stratum, _bits(kind, arm, past.turns, measures))
            for key, one in sums_of([(enrolled, True)], {release: measures}):
                found[key] = found.get(key, Sum()).plus(Sum(total=one.total * int(users[kind])))
    return list(found.items())


def bucket_sums(past: Past, release: str, measures: tuple[Measured, ...]) -> dict[UnitKey, UnitSum]:
    """Cost and tokens over buckets of users."""
    number = past.first + np.arange(past.units)
    users = np.bincount(number % BUCKETS * KINDS + number % KINDS, minlength=BUCKETS * KINDS)
    users = users.reshape(BUCKETS, KINDS) * past.turns
    found: dict[UnitKey, UnitSum] = {}
    for kind in np.flatnonzero(users.any(axis=0)).tolist():
        for stratum, arm in PLACES:
            end = end_of(b"", kind, 1, 0, "")
            for key, one in unit_sums(release, (stratum, int(arm), bytes(8)), end, measures).items():
                for bucket in np.flatnonzero(users[:, kind]).tolist():
                    of = UnitKey(release, key.stratum, key.metric, key.arm, bucket)
                    calls = int(users[bucket, kind])
                    found[of] = found.get(of, UnitSum()).plus(UnitSum(calls * one.calls, calls * one.total))
    return found


def enrolments(past: Past, release: str, measures: tuple[Measured, ...]) -> Iterator[Enrolment]:
    """Every user, with the events that the user has had."""
    for place, (stratum, arm) in enumerate(PLACES):
        bits = [_bits(kind, arm, past.turns, measures) for kind in range(KINDS)]
        for number in range(past.first, past.first + past.units):
            yield Enrolment(release, unit_of(place, number), arm, stratum, bits[number % KINDS])


def _bits(kind: int, arm: Arm, turns: int, measures: tuple[Measured, ...]) -> int:
    ends = [end_of(b"", kind, turn, 0, "") for turn in range(min(2, turns))]
    bits = 0
    for end in ends:
        bits |= end.events | bits_of(end, arm, measures)
    return bits


def _users_of_each_kind(past: Past) -> Ints:
    return np.bincount((past.first + np.arange(past.units)) % KINDS, minlength=KINDS)


def _rollup_of_each_kind() -> list[Rollup]:
    """Of one call each, as the agent counts it: the first calls of all kinds, then later ones."""
    call = bytes(28) + bytes((int(Arm.CANDIDATE), 0)) + bytes(18)
    ends = [end_of(call, n % KINDS, n // KINDS, n, "app") for n in range(2 * KINDS)]
    counted = tally("host", [Read(instance="w", open={}, records=[(end, "s") for end in ends])], 0).rollups
    found = [one for one in counted if one.width_s == 1]
    return sorted(found, key=lambda one: one.start_us)


def _of_kinds(kinds: list[Rollup], counts: list[int]) -> dict[str, Any]:
    """What so many calls of each kind come to."""
    present = [(one, count) for one, count in zip(kinds, counts, strict=True) if count]
    events: dict[int, int] = {}
    for one, count in present:
        for bit, hits in one.events.items():
            events[bit] = events.get(bit, 0) + hits * count
    return {
        **{name: sum(getattr(one, name) * count for one, count in present) for name in _COUNTS},
        "events": events,
        "latency": _histogram([(one.latency, count) for one, count in present]),
        "ttft": _histogram([(one.ttft, count) for one, count in present]),
    }


def _histogram(found: list[tuple[bytes, int]]) -> bytes:
    counts: dict[int, int] = {}
    by_raw: dict[bytes, int] = {}
    for raw, count in found:
        by_raw[raw] = by_raw.get(raw, 0) + count
    for raw, count in by_raw.items():
        for index, hits in histogram.decode(raw).counts.items():
            counts[index] = counts.get(index, 0) + hits * count
    return histogram.Histogram(counts=counts).encode()
