"""What of a call counts by unit: thresholds, spent bits, sums in buckets."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.ids import RELEASE, id_text
from serinus.core.records.record import End, ErrorClass
from serinus.core.records.sums import Enrolment
from serinus.core.records.tally import Read, sums_of, tally
from serinus.core.records.unit_measures import (
    SLOTS,
    Spread,
    UnitSum,
    bit_of,
    bits_of,
    bucket_of,
    names_of,
    unit_sums,
    widened,
)
from serinus.core.routing.assignment import Arm
from serinus.core.routing.snapshot import Measured

RAW = bytes(range(1, 17))
ID = id_text(RELEASE, RAW)
UNIT = bytes(range(8))
P95 = Measured(metric="latency.p95", of="latency", slot=0, candidate=1100, control=1000)
UNKNOWN = Measured(metric="ttft.p95", of="ttft", slot=1)
COST = Measured(metric="cost.per_call", of="cost", slot=2, candidate=500, control=500)
TOKENS = Measured(metric="tokens.per_call", of="tokens", slot=3)
ALL = (P95, UNKNOWN, COST, TOKENS)


def _end(arm: Arm, latency_us: int = 900, **changes: object) -> End:
    made = End(
        call=bytes(12) + RAW + bytes([arm, 0]) + UNIT + bytes(10),
        at_us=1_000_000,
        mono_ns=1,
        app="shop",
        version=bytes(32),
        revision=1,
        conversation=0,
        status=200,
        error=0,
        events=0,
        latency_us=latency_us,
        ttft_us=100,
    )
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("arm", "latency_us", "beyond"),
    [
        (Arm.CONTROL, 1000, False),
        (Arm.CONTROL, 1001, True),
        (Arm.CANDIDATE, 1100, False),
        (Arm.CANDIDATE, 1101, True),
    ],
)
def test_each_arm_has_its_own_threshold(arm: Arm, latency_us: int, beyond: bool) -> None:
    """The candidate's is the control's and the margin; to be on it is not to be beyond it."""
    assert bool(bits_of(_end(arm, latency_us), arm, (P95,)) & bit_of(P95)) == beyond


def test_an_unknown_threshold_spends_the_unit() -> None:
    """Whoever was there while a threshold was learned has the bit, and nothing counts it: not then and not later."""
    bits = bits_of(_end(Arm.CONTROL), Arm.CONTROL, (UNKNOWN,))
    assert bits == bit_of(UNKNOWN)
    assert names_of(bits, (UNKNOWN,)) == []


def test_faults_of_the_host_are_nobodys() -> None:
    """A call that infrastructure lost sets no bit and adds to no sum."""
    lost = _end(Arm.CONTROL, 10_000, error=int(ErrorClass.INFRASTRUCTURE), cost_nano=5)
    assert bits_of(lost, Arm.CONTROL, ALL) == 0
    assert unit_sums(ID, (0, 2, UNIT), lost, ALL) == {}


def test_sums_take_what_is_known_up_to_the_cap() -> None:
    """An unknown or negative cost is no cost; a call above the cap counts as the cap; a failed call wrote no tokens."""
    known = unit_sums(ID, (0, 2, UNIT), _end(Arm.CONTROL, cost_nano=700, tokens_out=9), ALL)
    assert {key.metric: value for key, value in known.items()} == {
        "cost.per_call": UnitSum(1, 500),
        "tokens.per_call": UnitSum(1, 9),
    }
    assert {key.bucket for key in known} == {bucket_of(UNIT)}
    assert unit_sums(ID, (0, 2, UNIT), _end(Arm.CONTROL, cost_nano=-7), ALL) == {}
    failed = unit_sums(ID, (0, 2, UNIT), _end(Arm.CONTROL, error=int(ErrorClass.UPSTREAM_CUT)), ALL)
    assert {key.metric: value for key, value in failed.items()} == {"tokens.per_call": UnitSum(1, 0)}


def test_a_unit_counts_once_whatever_its_calls() -> None:
    """Two slow calls of a unit in one batch are one event; its cost adds up call by call."""
    calls = [_end(Arm.CONTROL, 5000, cost_nano=100), _end(Arm.CONTROL, 9000, cost_nano=200)]
    found = tally("h", [Read(instance="i", open={}, records=[(one, "s") for one in calls])], 1_000_000, {ID: ALL})
    (enrolment,) = found.enrolments
    assert enrolment.events == bit_of(P95) | bit_of(UNKNOWN) | bit_of(COST)
    (total,) = found.unit_sums.values()
    assert total == UnitSum(2, 300)
    counted = {key.metric: value.total for key, value in sums_of([(enrolment, False)], {ID: ALL})}
    assert counted == {"latency.p95": 1, "cost.per_call": 1}


def test_bits_lie_above_those_of_records_and_in_32_bits() -> None:
    """The stores keep a unit's events in 32 bits with a sign."""
    last = msgspec.structs.replace(P95, slot=SLOTS - 1)
    assert bit_of(last) == 1 << 30
    assert bit_of(P95) > 1 << 19


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10), st.integers(0, 10**13)), max_size=30))
def test_the_spread_is_that_of_the_buckets(adds: list[tuple[int, int, int]]) -> None:
    """However buckets grow, what each growth widens the spread by adds up to the sums over the buckets."""
    buckets: dict[int, UnitSum] = {}
    spread = Spread()
    for bucket, calls, total in adds:
        added = UnitSum(calls, total)
        buckets[bucket] = buckets.get(bucket, UnitSum()).plus(added)
        spread = spread.plus(widened(buckets[bucket], added))
    held = buckets.values()
    assert spread == Spread(
        sum(one.calls for one in held),
        sum(one.total for one in held),
        sum(one.total**2 for one in held),
        sum(one.total * one.calls for one in held),
        sum(one.calls**2 for one in held),
    )


def test_enrolments_of_other_releases_are_not_measured() -> None:
    """A bit is only named by the release whose list names it."""
    other = Enrolment("rel_other", UNIT, Arm.CONTROL, 0, bit_of(P95))
    assert sums_of([(other, False)], {ID: ALL}) == []
