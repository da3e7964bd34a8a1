"""Sums add up in any order."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.records.sums import Enrolment, Rollup, Sum, SumKey
from serinus.core.routing.assignment import Arm
from tests.golden.inputs import ROLLUP

INTS = st.integers(-(2**60), 2**60)
SUMS = st.builds(Sum, st.integers(0, 2**60), INTS, st.integers(0, 2**60))


@given(SUMS, SUMS, SUMS)
def test_sums_merge_in_any_order(one: Sum, two: Sum, three: Sum) -> None:
    """Hosts and batches may arrive as they like: addition is commutative and associative, with zero."""
    assert one.plus(two) == two.plus(one)
    assert one.plus(two).plus(three) == one.plus(two.plus(three))
    assert one.plus(Sum()) == one


@given(SUMS)
def test_a_sum_is_read_back(value: Sum) -> None:
    """The stored array gives the same integers."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=Sum) == value


def test_keys_of_an_older_writer_are_read() -> None:
    """`bucket` has a default: a key without it belongs to bucket 0 (N-1 readers)."""
    raw = msgspec.msgpack.encode(["rel_1", 0, "call.error", 1])
    assert msgspec.msgpack.decode(raw, type=SumKey) == SumKey("rel_1", 0, "call.error", 1, 0)


def test_enrolments_and_rollups_are_read_back() -> None:
    """What one process wrote another reads, elements of a newer writer included."""
    enrolment = Enrolment("rel_1", b"12345678", Arm.CANDIDATE, 2, 5)
    longer = [*msgspec.structs.astuple(enrolment), "added"]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(longer), type=Enrolment) == enrolment
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(ROLLUP), type=Rollup) == ROLLUP
