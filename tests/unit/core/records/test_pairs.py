"""Pairs of mirrored requests: which two calls make one, and what the first of each unit adds up to."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.ids import RELEASE, id_text
from serinus.core.records import call_id
from serinus.core.records.pairs import PairedUnit, Side, firsts, log_ratio, pair_of, pair_sums
from serinus.core.records.record import End, ErrorClass, Event, Pair
from serinus.core.records.sums import PAIR_MEASURES, SHADOW_STRATUM, Sum, SumKey
from serinus.core.routing.assignment import Arm

RELEASE_RAW = bytes.fromhex("018f0000000070008000000000000001")
RELEASE_ID = id_text(RELEASE, RELEASE_RAW)
OVERDUE_MS = 30_000


def call(number: int, arm: Arm, unit: int = 1, release: bytes = RELEASE_RAW) -> bytes:
    nonce = number.to_bytes(5, "big")
    return call_id.make(b"k" * 32, b"shop", 1, nonce, release, arm, -1, unit.to_bytes(8, "big"))


def side(arm: Arm, chars: int = 10, unit: int = 1, **fields: Any) -> Side:
    """An answer without faults, but for what is told."""
    values = {
        "call": call(1, arm, unit),
        "at_us": 5,
        "mono_ns": 6,
        "app": "shop",
        "version": b"v" * 32,
        "revision": 1,
        "conversation": 2,
        "status": 200,
        "error": 0,
        "events": 0,
        "latency_us": 900,
        "ttft_us": 300,
        "tokens_out": 40,
        "cost_nano": 7,
    }
    return Side(end=End(**(values | fields)), chars=chars)


def paired(primary: Side, copy: Side) -> Pair | None:
    return pair_of(primary, copy, at_us=9, first_turn=True, overdue_ms=OVERDUE_MS)


def test_E3_two_answers_make_a_pair() -> None:
    """Both call ids, both sides' events and figures, the candidate's from the copy."""
    pair = paired(side(Arm.REST, chars=11), side(Arm.SHADOW, events=int(Event.REFUSAL), latency_us=1000, tokens_out=50))
    assert pair == Pair(
        call(1, Arm.SHADOW),
        call(1, Arm.REST),
        9,
        "shop",
        True,
        Event.REFUSAL,
        0,
        1000,
        900,
        300,
        300,
        50,
        40,
        7,
        7,
        10,
        11,
    )


@pytest.mark.parametrize("error", [ErrorClass.INFRASTRUCTURE, ErrorClass.CALLER_LEFT])
def test_a_call_that_nobody_answered_makes_no_pair(error: ErrorClass) -> None:
    """What tells nothing of a version is left out, on either side."""
    assert paired(side(Arm.REST, error=int(error)), side(Arm.SHADOW)) is None
    assert paired(side(Arm.REST), side(Arm.SHADOW, error=int(error))) is None


@pytest.mark.parametrize("error", [ErrorClass.CALLER, ErrorClass.TEMPLATE])
def test_a_request_that_one_version_cannot_take_is_that_ones_error(error: ErrorClass) -> None:
    """In both directions alike; what neither takes is the caller's fault and no pair."""
    refused = {"error": int(error), "status": 422, "tokens_out": -1}
    candidate = paired(side(Arm.REST), side(Arm.SHADOW, **refused))
    baseline = paired(side(Arm.REST, **refused), side(Arm.SHADOW))
    assert candidate is not None
    assert baseline is not None
    assert (candidate.candidate_events, candidate.baseline_events) == (Event.ERROR, 0)
    assert (baseline.candidate_events, baseline.baseline_events) == (0, Event.ERROR)
    assert (candidate.candidate_latency_us, candidate.baseline_latency_us) == (-1, 900)
    assert paired(side(Arm.REST, **refused), side(Arm.SHADOW, **refused)) is None


def test_how_fast_a_failure_was_is_no_measure() -> None:
    """Of an answer that is not whole only the events are known; an answer without a first byte has no time to it."""
    failed = {"error": int(ErrorClass.UPSTREAM_STATUS), "status": 500, "events": int(Event.ERROR)}
    pair = paired(side(Arm.REST, ttft_us=0), side(Arm.SHADOW, **failed))
    assert pair is not None
    assert (pair.candidate_events, pair.candidate_latency_us, pair.candidate_chars) == (Event.ERROR, -1, -1)
    assert (pair.baseline_latency_us, pair.baseline_ttft_us) == (900, -1)


@pytest.mark.parametrize(("stream", "late"), [(True, False), (False, True)])
def test_a_late_answer_is_overdue(stream: bool, late: bool) -> None:
    """By its first byte when it is a stream, else by its end: as the clock judges calls in flight."""
    slow = {"latency_us": OVERDUE_MS * 1000 + 1, "stream": stream}
    pair = paired(side(Arm.REST, **slow), side(Arm.SHADOW, **slow))
    assert pair is not None
    expected = Event.OVERDUE if late else 0
    assert (pair.candidate_events, pair.baseline_events) == (expected, expected)


def test_only_the_first_pair_of_a_unit_counts() -> None:
    """By unit and release; what is no copy of a release's call is passed over."""
    one, again, other = (paired(side(Arm.REST), side(Arm.SHADOW, unit=unit)) for unit in (1, 1, 2))
    assert one is not None
    assert again is not None
    assert other is not None
    again = msgspec.structs.replace(again, candidate_events=1)
    stray = msgspec.structs.replace(one, call=call(3, Arm.REST, 3))
    outside = msgspec.structs.replace(one, call=call(4, Arm.SHADOW, 4, bytes(16)))
    found = firsts([one, again, other, stray, outside])
    assert found == {PairedUnit(RELEASE_ID, (n).to_bytes(8, "big")): pair for n, pair in ((1, one), (2, other))}


def test_pairs_add_up_by_who_had_the_event() -> None:
    """Only the candidate, only the baseline, or both: one place each; measures where both sides are known."""
    pairs = []
    for unit, (mine, theirs) in enumerate([(0, 0), (1, 0), (1, 1), (0, 1), (1, 0), (3, 1)]):
        pair = paired(side(Arm.REST, events=theirs, cost_nano=-1), side(Arm.SHADOW, events=mine, latency_us=1801))
        assert pair is not None
        pairs.append((PairedUnit(RELEASE_ID, unit.to_bytes(8, "big")), pair))
    sums = {(key.metric, key.arm): value for key, value in pair_sums(pairs)}
    assert sums["pairs", Arm.SHADOW] == Sum(total=6)
    assert {arm: sums["call.error", arm].total for arm in (1, 2, 3)} == {1: 2, 2: 1, 3: 2}
    assert sums["call.refusal", Arm.CANDIDATE] == Sum(total=1)
    ratio = log_ratio(1801, 900)
    assert sums["pair.latency", Arm.SHADOW] == Sum(6, 6 * ratio, 6 * ratio**2)
    assert sums["pair.ttft", Arm.SHADOW] == Sum(6, 0, 0)
    assert ("pair.cost", Arm.SHADOW) not in sums


def test_all_sums_lie_where_no_arm_is_compared() -> None:
    """In stratum −2, under names that are known."""
    pair = paired(side(Arm.REST), side(Arm.SHADOW))
    assert pair is not None
    keys = [key for key, _ in pair_sums([(PairedUnit(RELEASE_ID, b"u"), pair)])]
    assert {key.stratum for key in keys} == {SHADOW_STRATUM}
    assert keys[1:] == [SumKey(RELEASE_ID, SHADOW_STRATUM, f"pair.{name}", 3) for name in PAIR_MEASURES]


@given(st.integers(0, 2**50), st.integers(0, 2**50))
def test_ratios_are_symmetric(mine: int, theirs: int) -> None:
    """Twice as slow and twice as fast weigh the same; equal is 0."""
    assert log_ratio(mine, theirs) == -log_ratio(theirs, mine)
    assert math.isclose(log_ratio(mine, theirs), 1000 * math.log((mine + 1) / (theirs + 1)), abs_tol=0.51)
