"""One second of calls while it is being added up, and the rollup that it becomes."""

from __future__ import annotations

from collections.abc import Iterator

from serinus.core.ids import RELEASE, id_text
from serinus.core.records.event_parts import EventParts, encode, part_of
from serinus.core.records.histogram import Histogram, index_of
from serinus.core.records.record import End
from serinus.core.records.sums import Rollup

MINUTE_S = 60
_US = 1_000_000
Identity = tuple[str, bytes, bytes]  # app; release, arm and stratum as in the call id; version digest


class Bucket:
    """One second of one serving identity while it is being added up."""

    __slots__ = (
        "cost_nano",
        "events",
        "latency",
        "parts",
        "priced",
        "requests",
        "stream_tokens",
        "stream_us",
        "streams",
        "tokens_in",
        "tokens_out",
        "ttft",
    )

    def __init__(self) -> None:
        self.requests = self.tokens_in = self.tokens_out = self.cost_nano = 0
        self.streams = self.stream_tokens = self.stream_us = self.priced = 0
        self.events: dict[int, int] = {}
        self.latency: dict[int, int] = {}
        self.ttft: dict[int, int] = {}
        self.parts: EventParts = {}

    def end(self, end: End, slow: int = 0) -> None:
        """Count a call. `slow`: the bits of latencies that it is beyond."""
        self.requests += 1
        if end.tokens_in > 0:
            self.tokens_in += end.tokens_in
        if end.tokens_out > 0:
            self.tokens_out += end.tokens_out
        if end.cost_nano >= 0:
            self.cost_nano += end.cost_nano
            self.priced += 1
        _place(self.latency, end.latency_us)
        if end.ttft_us > 0:
            _place(self.ttft, end.ttft_us)
            if end.stream and not end.error and not end.estimated and end.tokens_out > 1:
                self.streams += 1
                self.stream_tokens += end.tokens_out - 1
                self.stream_us += max(0, end.latency_us - end.ttft_us)
        if end.events:
            self.event(end.events, end.call)
        if slow:
            self._part(slow, end.call)

    def event(self, bits: int, call: bytes) -> None:
        """Events that have no end of a call of their own."""
        for bit in _each(bits):
            self.events[bit] = self.events.get(bit, 0) + 1
        self._part(bits, call)

    def _part(self, bits: int, call: bytes) -> None:
        part = part_of(call[30:38])
        if part is None:
            return
        for bit in _each(bits):
            parts = self.parts.setdefault(bit, {})
            parts[part] = parts.get(part, 0) + 1

    def add(self, other: Bucket) -> None:
        """Count what another one has as well."""
        self.requests += other.requests
        self.tokens_in += other.tokens_in
        self.tokens_out += other.tokens_out
        self.cost_nano += other.cost_nano
        self.streams += other.streams
        self.stream_tokens += other.stream_tokens
        self.stream_us += other.stream_us
        self.priced += other.priced
        for mine, theirs in ((self.events, other.events), (self.latency, other.latency), (self.ttft, other.ttft)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        for bit, parts in other.parts.items():
            known = self.parts.setdefault(bit, {})
            for part, count in parts.items():
                known[part] = known.get(part, 0) + count


def _each(bits: int) -> Iterator[int]:
    while bits:
        bit = bits & -bits
        yield bit
        bits ^= bit


def _place(counts: dict[int, int], value_us: int) -> None:
    # What the clock is too coarse for took part of a µs, which is bucket 0 as well, and not no time at all.
    index = index_of(value_us) if value_us > 1 else 0
    counts[index] = counts.get(index, 0) + 1


def rollup(host: str, identity: Identity, start_s: int, width_s: int, bucket: Bucket) -> Rollup:
    """As the store adds it up; which part of units failed is told of minutes alone."""
    app, place, version = identity
    return Rollup(
        host=host,
        app=app,
        release=id_text(RELEASE, place[:16]),
        stratum=-1 if place[17] == 255 else place[17],
        arm=place[16],
        version=version.hex(),
        start_us=start_s * _US,
        width_s=width_s,
        requests=bucket.requests,
        events=bucket.events,
        tokens_in=bucket.tokens_in,
        tokens_out=bucket.tokens_out,
        cost_nano=bucket.cost_nano,
        latency=Histogram(counts=bucket.latency).encode(),
        ttft=Histogram(counts=bucket.ttft).encode(),
        streams=bucket.streams,
        stream_tokens=bucket.stream_tokens,
        stream_us=bucket.stream_us,
        priced=bucket.priced,
        event_parts=encode(bucket.parts) if width_s == MINUTE_S else None,
    )
