"""Pairs of a mirrored request: how one is made of two ended calls, and what the first pair of each unit adds up to.

One pair per unit counts (statistics 4.5): the first one, so that users with many requests weigh as much as others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from serinus.core.ids import RELEASE, id_text
from serinus.core.records.call import EVENT_NAMES
from serinus.core.records.record import End, ErrorClass, Event, Pair
from serinus.core.records.sums import PAIR_MEASURES, PAIR_SCALE, PAIRS, SHADOW_STRATUM, Sum, SumKey
from serinus.core.routing.assignment import Arm

UNKNOWN = -1
_NOBODYS = frozenset({ErrorClass.INFRASTRUCTURE, ErrorClass.CALLER_LEFT})
_REFUSED = frozenset({ErrorClass.CALLER, ErrorClass.TEMPLATE})
_SHADOW = int(Arm.SHADOW)
_US_PER_MS = 1000


class PairedUnit(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A unit (8-byte pseudonym) that has a pair in a release."""

    release: str
    unit: bytes


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two answers: its record, and the characters of its text."""

    end: End
    chars: int


def refused_by_version(end: End) -> bool:
    """Whether the version could not take the request: nothing was sent to a provider."""
    return end.error in _REFUSED


def pair_of(primary: Side, copy: Side, *, at_us: int, first_turn: bool, overdue_ms: int) -> Pair | None:
    """The pair of a call and its copy; None when one of them tells nothing of its version.

    A request that only one of the two versions could take is an error of the other one: in both directions alike, or
    one of them would be wronged. One that neither takes is the caller's.
    """
    sides = (copy, primary)
    if any(side.end.error in _NOBODYS for side in sides):
        return None
    refused = [refused_by_version(side.end) for side in sides]
    if all(refused):
        return None
    candidate, baseline = (_seen(side, no, overdue_ms) for side, no in zip(sides, refused, strict=True))
    return Pair(
        call=copy.end.call,
        primary=primary.end.call,
        at_us=at_us,
        app=copy.end.app,
        first_turn=first_turn,
        candidate_events=candidate.events,
        baseline_events=baseline.events,
        candidate_latency_us=candidate.latency_us,
        baseline_latency_us=baseline.latency_us,
        candidate_ttft_us=candidate.ttft_us,
        baseline_ttft_us=baseline.ttft_us,
        candidate_tokens_out=candidate.tokens_out,
        baseline_tokens_out=baseline.tokens_out,
        candidate_cost_nano=candidate.cost_nano,
        baseline_cost_nano=baseline.cost_nano,
        candidate_chars=candidate.chars,
        baseline_chars=baseline.chars,
    )


def firsts(pairs: Iterable[Pair]) -> dict[PairedUnit, Pair]:
    """The first pair of each unit and release. What is no copy of a release's call is passed over."""
    found: dict[PairedUnit, Pair] = {}
    for pair in pairs:
        release, arm, unit = pair.call[12:28], pair.call[28], pair.call[30:38]
        if arm == _SHADOW and any(release):
            found.setdefault(PairedUnit(id_text(RELEASE, release), unit), pair)
    return found


def pair_sums(pairs: Iterable[tuple[PairedUnit, Pair]]) -> list[tuple[SumKey, Sum]]:
    """Sums to add for units that had no pair before."""
    sums: dict[SumKey, Sum] = {}
    for unit, pair in pairs:
        for name, arm, addend in _addends(pair):
            key = SumKey(unit.release, SHADOW_STRATUM, name, int(arm))
            sums[key] = sums[key].plus(addend) if key in sums else addend
    return list(sums.items())


def log_ratio(candidate: int, baseline: int) -> int:
    """round(1000 · ln((candidate + 1) / (baseline + 1)))."""
    return round(PAIR_SCALE * (math.log(candidate + 1) - math.log(baseline + 1)))


class _Seen(msgspec.Struct, frozen=True):
    """What a side adds to a pair."""

    events: int
    latency_us: int = UNKNOWN
    ttft_us: int = UNKNOWN
    tokens_out: int = UNKNOWN
    cost_nano: int = UNKNOWN
    chars: int = UNKNOWN


def _seen(side: Side, refused: bool, overdue_ms: int) -> _Seen:
    end = side.end
    if refused:
        return _Seen(end.events | Event.ERROR)
    answered_us = end.ttft_us if end.stream and end.ttft_us else end.latency_us
    events = end.events | (Event.OVERDUE if answered_us > overdue_ms * _US_PER_MS else 0)
    if end.error or not 200 <= end.status < 300:
        return _Seen(events)  # how fast or short a failure was says nothing about answers
    return _Seen(events, end.latency_us, end.ttft_us or UNKNOWN, end.tokens_out, end.cost_nano, side.chars)


def _addends(pair: Pair) -> Iterable[tuple[str, Arm, Sum]]:
    yield PAIRS, Arm.SHADOW, Sum(total=1)
    for bit, name in EVENT_NAMES.items():
        candidate, baseline = pair.candidate_events & bit, pair.baseline_events & bit
        if candidate or baseline:
            arm = Arm.SHADOW if candidate and baseline else Arm.CANDIDATE if candidate else Arm.CONTROL
            yield name, arm, Sum(total=1)
    for measure, (mine, theirs) in zip(PAIR_MEASURES, _measured(pair), strict=True):
        if mine >= 0 and theirs >= 0:
            ratio = log_ratio(mine, theirs)
            yield f"pair.{measure}", Arm.SHADOW, Sum(count=1, total=ratio, squares=ratio * ratio)


def _measured(pair: Pair) -> tuple[tuple[int, int], ...]:
    """(candidate, baseline) of each of PAIR_MEASURES."""
    return (
        (pair.candidate_latency_us, pair.baseline_latency_us),
        (pair.candidate_ttft_us, pair.baseline_ttft_us),
        (pair.candidate_tokens_out, pair.baseline_tokens_out),
        (pair.candidate_cost_nano, pair.baseline_cost_nano),
        (pair.candidate_chars, pair.baseline_chars),
    )
