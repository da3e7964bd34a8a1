"""Sums for judging: integers, additive, per (release, stratum, metric, arm, bucket)."""

from __future__ import annotations

import msgspec

from serinus.core.routing.assignment import Arm

BUCKETS = 256
ENROLLED = "enrolled"  # pseudo-metric: `total` = units first enrolled (exact), bucket 0
ESCALATED_FOR = "escalated:"  # pseudo-metrics: `total` = units by the category of their first hand-over
SHADOW_STRATUM = -2  # where pairs of a mirrored request add up: nobody was exposed, so no arm compares there
PAIRS = "pairs"  # pseudo-metric of that stratum, arm SHADOW: `total` = units with a pair
PAIR_MEASURES = ("latency", "ttft", "tokens_out", "cost", "length")
PAIR_SCALE = 1000
"""`pair.<measure>`, arm SHADOW: per unit round(1000 · ln((candidate + 1) / (baseline + 1)))."""


class SumKey(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a sum belongs to. `bucket` is 0 for event metrics, else the unit's hash bucket in [0, BUCKETS)."""

    release: str
    stratum: int
    metric: str
    arm: int
    bucket: int = 0


class Sum(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Sufficient statistics: `count` units, `total` and `squares` in the metric's integer scale (events: total)."""

    count: int = 0
    total: int = 0
    squares: int = 0

    def plus(self, other: Sum) -> Sum:
        """The sum of both: commutative and associative, so hosts and batches merge in any order."""
        return Sum(self.count + other.count, self.total + other.total, self.squares + other.squares)


class Enrolment(msgspec.Struct, frozen=True, array_like=True):
    """A unit's first appearance in a comparison, and which bad events it has had at least once (bits of Event)."""

    release: str
    unit: bytes
    arm: Arm
    stratum: int
    events: int = 0


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What calls cost: `nano` nano-USD for the `priced` ones of all `calls`."""

    calls: int = 0
    priced: int = 0
    nano: int = 0


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    """Counts and sums of one time bucket: wall time `start_us`, `width_s` 1 or 60, per host and serving identity.

    `events` is a mapping of event bit → requests with it; `latency` and `ttft` are encoded log-histograms of µs.
    `streams` were answered to their end and told their tokens: `stream_tokens` are those but the first of each, which
    comes with the first byte, and `stream_us` the time from the first byte to the last. `cost_nano` is that of the
    `priced` calls. `event_parts`, of minutes alone, tell which part of units the events come from (`event_parts`).
    """

    host: str
    app: str
    release: str
    stratum: int
    arm: int
    version: str
    start_us: int
    width_s: int
    requests: int
    events: dict[int, int]
    tokens_in: int = 0
    tokens_out: int = 0
    cost_nano: int = 0
    latency: bytes = b""
    ttft: bytes = b""
    streams: int = 0
    stream_tokens: int = 0
    stream_us: int = 0
    priced: int = 0
    event_parts: bytes | None = None


class ArmRollup(msgspec.Struct, frozen=True, gc=False):
    """What limits weigh of the rollups of one arm of a release in one bucket: of one host, stratum and version, or of
    several together. The fields are those of `Rollup`."""

    start_us: int
    arm: int
    requests: int
    events: dict[int, int]
    tokens_in: int = 0
    tokens_out: int = 0
    cost_nano: int = 0
    latency: bytes = b""
    ttft: bytes = b""
    streams: int = 0
    stream_tokens: int = 0
    stream_us: int = 0
    priced: int = 0
