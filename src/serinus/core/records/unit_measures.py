"""What of a call counts by unit besides its events: latencies beyond a threshold, and sums of cost and tokens.

A latency beyond a threshold is an event like others: a unit has it once per release. It takes a bit of the enrolled
unit above those that records carry, so that it is counted in the transaction that sets the bit. Cost and tokens add up
in hash buckets of units, with no need to know a unit's earlier calls; their bit tells units that have any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from serinus.core.records.record import End, ErrorClass
from serinus.core.routing.assignment import Arm
from serinus.core.routing.snapshot import Measured

BUCKETS = 256
_FIRST_BIT = 20
"""Records carry the bits below. The last one, 30, is the highest that the stores' integers have room for."""
SLOTS = 11


class UnitKey(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Where sums over units belong to: one bucket of units of an arm in a stratum."""

    release: str
    stratum: int
    metric: str
    arm: int
    bucket: int


class UnitSum(msgspec.Struct, frozen=True, array_like=True):
    """Σy and Σx of a bucket: `calls` that count, and the `total` of the metric in its integer scale."""

    calls: int = 0
    total: int = 0

    def plus(self, other: UnitSum) -> UnitSum:
        """The sum of both: commutative and associative."""
        return UnitSum(self.calls + other.calls, self.total + other.total)


class Spread(msgspec.Struct, frozen=True, array_like=True):
    """Sums over the buckets of an arm in a stratum, a bucket's calls being y and its total x: Σy, Σx, Σx², Σxy, Σy².
    Exact integers; those of products are wider than 64 bits."""

    calls: int = 0
    total: int = 0
    squares: int = 0
    products: int = 0
    call_squares: int = 0

    def plus(self, other: Spread) -> Spread:
        """The sum of both: commutative and associative."""
        return Spread(
            *(a + b for a, b in zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )


def widened(after: UnitSum, added: UnitSum) -> Spread:
    """What a bucket adds to its spread by growing by `added` to `after`."""
    y, x = after.calls - added.calls, after.total - added.total
    return Spread(
        added.calls,
        added.total,
        after.total**2 - x**2,
        after.total * after.calls - x * y,
        after.calls**2 - y**2,
    )


def bit_of(measured: Measured) -> int:
    """Its bit of an enrolled unit."""
    return 1 << (_FIRST_BIT + measured.slot)


def bucket_of(unit: bytes) -> int:
    """The bucket of a unit: its id is a keyed hash already."""
    return unit[-1] % BUCKETS


def bits_of(end: End, arm: Arm, measures: Iterable[Measured]) -> int:
    """The bits that a call sets for its unit. While nobody knows a threshold its bit is spent: units from whom it is
    learned are not judged by it."""
    if end.error == ErrorClass.INFRASTRUCTURE:
        return 0
    bits = 0
    for one in measures:
        limit = one.candidate if arm is Arm.CANDIDATE else one.control
        value = value_of(end, one)
        if one.of in ("latency", "ttft"):
            bits |= bit_of(one) if limit <= 0 or value > limit else 0
        elif value >= 0:
            bits |= bit_of(one)
    return bits


def slow_bits(end: End, measures: Iterable[Measured]) -> int:
    """The bits of latencies whose bound for control a call is beyond, as rollups count it: whoever was at fault."""
    bits = 0
    for one in measures:
        if one.of in ("latency", "ttft") and 0 < one.control < value_of(end, one):
            bits |= bit_of(one)
    return bits


def names_of(bits: int, measures: Iterable[Measured]) -> list[str]:
    """The metrics that count newly set bits."""
    return [one.metric for one in measures if bits & bit_of(one) and (one.control > 0 or one.of in ("cost", "tokens"))]


def value_of(end: End, measured: Measured) -> int:
    """What of a call is measured, in its integer scale, no more than its cap; −1: unknown."""
    match measured.of:
        case "latency":
            return end.latency_us
        case "ttft":
            return end.ttft_us
        case "cost":
            value = end.cost_nano
        case "tokens":
            value = max(0, end.tokens_out) if end.error else end.tokens_out
    cap = measured.control
    return min(value, cap) if cap > 0 else value


def unit_sums(
    release: str, place: tuple[int, int, bytes], end: End, measures: Iterable[Measured]
) -> Mapping[UnitKey, UnitSum]:
    """What a call adds to the buckets; `place` is its stratum, arm and unit."""
    if end.error == ErrorClass.INFRASTRUCTURE:
        return {}
    stratum, arm, unit = place
    found: dict[UnitKey, UnitSum] = {}
    for one in measures:
        value = value_of(end, one)
        if one.of in ("cost", "tokens") and value >= 0:
            found[UnitKey(release, stratum, one.metric, arm, bucket_of(unit))] = UnitSum(1, value)
    return found
