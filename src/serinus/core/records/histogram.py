"""Log-histograms with 1 % relative error, mergeable in any order (DDSketch: Masson, Rim, Lee, PVLDB 12/12, 2019).

A value x > 0 falls into bucket i = ⌈log_γ x⌉ with γ = (1 + a)/(1 − a); 2γ^i/(γ + 1) is then within a·x of x.
Encoded as MessagePack `[1, zeros, [i₀, n₀, i₁ − i₀, n₁, …]]`: indices ascending and as differences, counts ≥ 1.
Equal histograms have equal bytes; empty bytes are the empty histogram.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from serinus.core.errors import FormatError

FORMAT = 1
RELATIVE_ERROR = 0.01
GAMMA = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR)
_PER_LOG = 1.0 / math.log(GAMMA)
_MIDDLE = 2.0 / (GAMMA + 1.0)
_encode = msgspec.msgpack.Encoder().encode
_decode: Any = msgspec.msgpack.Decoder(tuple[int, int, tuple[int, ...]]).decode


def rank(q: float, count: int) -> int:
    """The rank in ascending order, from 0, of the quantile `q` in [0, 1] of `count` values: ⌊q (n − 1)⌋."""
    return math.floor(q * (count - 1))


def index_of(value: float) -> int:
    """The bucket of a value > 0."""
    return math.ceil(math.log(value) * _PER_LOG)


def value_at(index: int) -> float:
    """The value that stands for a bucket: within 1 % of everything that falls into it."""
    return _MIDDLE * math.exp(index / _PER_LOG)


def boundary(value: float) -> int:
    """The largest whole number in the bucket of a value ≥ 1: whole numbers are above it just when their bucket is."""
    return math.floor(math.exp(index_of(value) / _PER_LOG))


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by bucket; `zeros` counts values of exactly zero. Never holds an empty bucket."""

    zeros: int = 0
    counts: Mapping[int, int] = {}

    @property
    def count(self) -> int:
        """How many values."""
        return self.zeros + sum(self.counts.values())

    def merge(self, other: Histogram) -> Histogram:
        """The histogram of both: commutative and associative."""
        counts = dict(self.counts)
        for index, count in other.counts.items():
            counts[index] = counts.get(index, 0) + count
        return Histogram(zeros=self.zeros + other.zeros, counts=counts)

    def quantile(self, q: float) -> float | None:
        """The value of rank ⌊q (n − 1)⌋ in ascending order, within 1 %; None without values. `q` in [0, 1]."""
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"a quantile is in [0, 1], not {q}")
        total = self.count
        if not total:
            return None
        left = rank(q, total) - self.zeros
        if left < 0:
            return 0.0
        for index in sorted(self.counts):
            left -= self.counts[index]
            if left < 0:
                return value_at(index)
        raise AssertionError("a rank below the count lies in some bucket")

    def above(self, bound: float) -> int:
        """How many values are above `bound` ≥ 0, each taken as what stands for its bucket. So the quantile q is above
        the bound exactly when no more than `rank(q, count)` values are not."""
        return sum(count for index, count in self.counts.items() if value_at(index) > bound)

    def encode(self) -> bytes:
        """The canonical bytes."""
        if not self.zeros and not self.counts:
            return b""
        flat: list[int] = []
        before = 0
        for index in sorted(self.counts):
            flat += (index - before, self.counts[index])
            before = index
        return _encode((FORMAT, self.zeros, flat))


EMPTY = Histogram()


def of(values: Iterable[float]) -> Histogram:
    """The histogram of values ≥ 0; ValueError for a negative one."""
    zeros = 0
    counts: dict[int, int] = {}
    for value in values:
        if value > 0:
            index = index_of(value)
            counts[index] = counts.get(index, 0) + 1
        elif value == 0:
            zeros += 1
        else:
            raise ValueError(f"a histogram takes values of zero and more, not {value}")
    return Histogram(zeros=zeros, counts=counts)


def decode(raw: bytes) -> Histogram:
    """The histogram in these bytes; FormatError when they are not one."""
    if not raw:
        return EMPTY
    try:
        version, zeros, flat = _decode(raw)
    except msgspec.MsgspecError as error:
        raise FormatError(f"not a histogram: {error}", mend="rebuild the rollups from the event log") from error
    if version != FORMAT or len(flat) % 2 or zeros < 0 or any(count < 1 for count in flat[1::2]):
        raise FormatError(f"not a histogram of format {FORMAT}", mend="upgrade Serinus, or rebuild the rollups")
    counts: dict[int, int] = {}
    index = 0
    for step, count in zip(flat[::2], flat[1::2], strict=True):
        index += step
        counts[index] = counts.get(index, 0) + count
    return Histogram(zeros=zeros, counts=counts)


def count_above(raw: bytes, bound: float) -> tuple[int, int]:
    """How many values the histogram in these bytes has, and how many above `bound` ≥ 0, as `above` tells it; quicker
    than to decode it. FormatError when they are not one."""
    if not raw:
        return 0, 0
    try:
        version, zeros, flat = _decode(raw)
    except msgspec.MsgspecError:
        version, zeros, flat = -1, 0, ()
    if version != FORMAT or len(flat) % 2:
        seen = decode(raw)
        return seen.count, seen.above(bound)
    edge, index, total, beyond = _edge(bound), 0, zeros, 0
    for step, count in zip(flat[::2], flat[1::2], strict=True):
        index += step
        total += count
        if index > edge:
            beyond += count
    return total, beyond


@lru_cache(maxsize=1024)
def _edge(bound: float) -> float:
    """The last bucket whose value is not above a bound."""
    if bound <= 0:
        return -math.inf
    index = index_of(bound) + 1
    while value_at(index) > bound:
        index -= 1
    return index


def merge_encoded(first: bytes, second: bytes) -> bytes:
    """The bytes of two encoded histograms merged."""
    if not first or not second:
        return first or second
    return decode(first).merge(decode(second)).encode()
