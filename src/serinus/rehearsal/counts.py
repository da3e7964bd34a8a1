"""What monitors weigh of each arm, counted by beats: calls, bad events, and latencies as a histogram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from serinus.core.metrics import Quantile
from serinus.core.records.histogram import GAMMA, value_at
from serinus.rehearsal.population import Bools, Floats, Ints
from serinus.rehearsal.scenario import Latency

REACH = 8.0
"""So many spreads on either side of the median are told apart; what lies beyond counts at the edge."""
_US_PER_S = 1e6
_US_PER_MS = 1e3


class Counts(NamedTuple):
    """From beat `first` on: `requests` [beat, arm], `events` [metric, beat, arm], in the order of the scenario's rates
    and when they are known, `latency` [beat, arm, bucket], without buckets where nobody asks; arm 0 is the
    candidate."""

    first: int
    requests: Ints
    events: Ints
    latency: Ints

    def since(self, beat: int) -> Counts:
        """Those from `beat` on."""
        skip = max(0, beat - self.first)
        return Counts(self.first + skip, self.requests[skip:], self.events[:, skip:], self.latency[skip:])

    def until(self, beat: int) -> Counts:
        """Those before `beat`."""
        n = beat - self.first
        return Counts(self.first, self.requests[:n], self.events[:, :n], self.latency[:n])

    def joined(self, later: Counts) -> Counts:
        """These and those that follow."""
        return Counts(
            self.first,
            np.concatenate((self.requests, later.requests)),
            np.concatenate((self.events, later.events), axis=1),
            np.concatenate((self.latency, later.latency)),
        )


class Scale:
    """The histogram's buckets that latencies of a scenario fall into."""

    def __init__(self, latency: Latency) -> None:
        middle, reach = math.log(latency.median_s * _US_PER_S), REACH * latency.spread + 1.0
        self._low = math.ceil((middle - reach) / math.log(GAMMA))
        self.buckets = math.ceil((middle + reach) / math.log(GAMMA)) - self._low + 1

    def bucket(self, log_us: Floats) -> Ints:
        """Where latencies lie, from 0."""
        return np.clip(np.ceil(log_us / math.log(GAMMA)).astype(np.int64) - self._low, 0, self.buckets - 1)

    def quantile_ms(self, counts: Ints, measure: Quantile) -> Floats:
        """The quantile of each row of counts, as the real histogram has it; NaN of none."""
        whole = counts.sum(axis=-1)
        rank = np.floor(measure.q * (whole - 1))
        at = (np.cumsum(counts, axis=-1) <= rank[..., None]).sum(axis=-1)
        values = np.array([value_at(self._low + i) for i in range(self.buckets + 1)]) / _US_PER_MS
        return np.where(whole > 0, values[np.minimum(at, self.buckets)], np.nan)


def by_beat(beat: Ints, candidate: Bools, beats: int) -> Ints:
    """How many fall into each of the beats from 0 on: [beat, arm]; others are left out."""
    inside = (beat >= 0) & (beat < beats)
    slots = 2 * beat[inside] + ~candidate[inside]
    return np.bincount(slots, minlength=2 * beats).reshape(beats, 2)


def in_buckets(beat: Ints, candidate: Bools, bucket: Ints, shape: Sequence[int]) -> Ints:
    """The same by bucket: [beat, arm, bucket], `shape` being the number of beats and of buckets."""
    beats, buckets = shape
    slots = (2 * beat + ~candidate) * buckets + bucket
    return np.bincount(slots, minlength=2 * beats * buckets).reshape(beats, 2, buckets).astype(np.int32)
