"""Who answered, second by second: the picture at the top of the demo's report. Pure, over what was collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from serinus.demo.collect import Collected
from serinus.demo.facts import CANDIDATE, SHADOW, span_us
from serinus.demo.summary import TITLES

_BIN_US = 2_000_000
_KINDS = ("mirrored", CANDIDATE, "live")


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A slice of time: `left` and `width` of the whole, and the shares of the tallest bar from the bottom up: answers
    of the candidate that users got, of the live version, and copies that nobody saw."""

    left: float
    width: float
    candidate: float
    live: float
    mirrored: float


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """A release on the same line of time."""

    title: str
    left: float
    width: float


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture; `most` calls per second is the height of the tallest bar."""

    bars: Sequence[Bar]
    acts: Sequence[Act]
    most: float
    span_s: float


def bars(collected: Collected) -> Timeline:
    """The picture of all calls. A call of a candidate that is live by then counts as live."""
    releases = [one.document["candidate"]["digest"] for one in collected.told]
    start_us = min((call.begun_at_us for call in collected.calls), default=0)
    counts: Counter[tuple[int, str]] = Counter()
    for call in collected.calls:
        kind = "live"
        if call.arm == SHADOW:
            kind = "mirrored"
        elif call.arm == CANDIDATE and call.version in releases:
            kind = CANDIDATE
        counts[(call.begun_at_us - start_us) // _BIN_US, kind] += 1
    slots = 1 + max((slot for slot, _ in counts), default=0)
    most = max((sum(counts[slot, kind] for kind in _KINDS) for slot in range(slots)), default=0) or 1
    return Timeline(
        bars=[
            Bar(
                left=slot / slots,
                width=1 / slots,
                candidate=counts[slot, CANDIDATE] / most,
                live=counts[slot, "live"] / most,
                mirrored=counts[slot, "mirrored"] / most,
            )
            for slot in range(slots)
        ],
        acts=_acts(collected, start_us, slots * _BIN_US),
        most=most / (_BIN_US / 1e6),
        span_s=slots * _BIN_US / 1e6,
    )


def _acts(collected: Collected, start_us: int, whole_us: int) -> list[Act]:
    found = []
    for one in collected.told:
        begun_us, decided_us = span_us(one, collected)
        width = ((decided_us or start_us + whole_us) - begun_us) / whole_us
        found.append(Act(title=TITLES[one.title], left=(begun_us - start_us) / whole_us, width=width))
    return found
