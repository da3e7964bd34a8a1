"""What a batch of records adds, against a second way of counting it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.records import histogram
from serinus.core.records.in_flight import OpenCall, apply
from serinus.core.records.record import End, ErrorClass, Event, Record, Score
from serinus.core.records.sums import Enrolment, SumKey
from serinus.core.records.tally import Read, Tally, rollups_of, sums_of, tally
from serinus.core.routing.assignment import Arm
from tests.fake_workers import START_US, ManualClock, begin, end, raw_call
from tests.unit.agent.world import RELEASE_ID

CALL = st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 2]), st.integers(0, 63), st.integers(0, 200))


def _records(script: list[tuple[int, int, int, int]]) -> list[Record]:
    """Calls of four units, each with its events and the seconds until the next."""
    clock, records = ManualClock(), list[Record]()
    for number, (unit, arm, events, gap_s) in enumerate(script):
        call = raw_call(number, unit=unit, arm=arm, stratum=0 if arm else -1)
        records += (begin(call, clock), end(call, clock, events, latency_us=1 + number * 1000))
        clock.advance(gap_s)
    return records


def _tally(records: list[Record]) -> Tally:
    return tally("h", [Read(instance="i", open={}, records=[(record, "i-0") for record in records])], START_US)


@given(st.lists(CALL, max_size=30))
def test_rollups_of_both_widths_count_every_call_and_event_once(script: list[tuple[int, int, int, int]]) -> None:
    """Per bucket and in all, as counted from the script itself."""
    found = _tally(_records(script))
    for width_s in (1, 60):
        buckets = [rollup for rollup in found.rollups if rollup.width_s == width_s]
        expected: Counter[tuple[int, int]] = Counter()
        at_s = START_US // 1_000_000
        for _, arm, _, gap_s in script:
            expected[at_s - at_s % width_s, arm] += 1
            at_s += gap_s
        assert {(b.start_us // 1_000_000, b.arm): b.requests for b in buckets} == dict(expected)
        for bit in Event:
            assert sum(b.events.get(bit, 0) for b in buckets) == sum(bool(events & bit) for _, _, events, _ in script)
        assert sum(histogram.decode(b.latency).count for b in buckets) == len(script)
        assert sum(b.tokens_out for b in buckets) == 20 * len(script)


@given(st.lists(CALL, max_size=30))
def test_enrolments_hold_each_compared_unit_with_all_its_events(script: list[tuple[int, int, int, int]]) -> None:
    """At the arm of its first call; units of other arms are not enrolled."""
    expected: dict[bytes, tuple[int, int]] = {}
    for unit, arm, events, _ in script:
        if arm:
            before = expected.get(unit.to_bytes(8, "big"), (arm, 0))
            expected[unit.to_bytes(8, "big")] = (before[0], before[1] | events)
    found = _tally(_records(script)).enrolments
    assert {e.unit: (int(e.arm), e.events) for e in found} == expected
    assert {(e.release, e.stratum) for e in found} <= {(RELEASE_ID, 0)}


@given(st.lists(CALL, max_size=20), st.integers(0, 40))
def test_cutting_a_batch_anywhere_changes_no_count(script: list[tuple[int, int, int, int]], cut: int) -> None:
    """Two batches one after the other give what one gives, open calls carried over."""
    records = _records(script)
    whole, before = _tally(records), _tally(records[:cut])
    calls: dict[bytes, OpenCall] = {}
    apply(calls, before.changes["i"])
    rest = [(record, "i-0") for record in records[cut:]]
    after = tally("h", [Read(instance="i", open=calls, records=rest)], START_US)
    apply(calls, after.changes["i"])
    assert calls == {}
    assert _total(before) + _total(after) == _total(whole)


def _total(found: Tally) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for rollup in found.rollups:
        key = (rollup.width_s, rollup.start_us, rollup.arm)
        total[key] += rollup.requests
        total.update({(*key, bit): count for bit, count in rollup.events.items()})
    return total


def test_sums_count_new_units_and_first_events_by_their_metric() -> None:
    """Names come from the metric registry; bits that no metric carries count nothing."""
    unit = Enrolment(RELEASE_ID, bytes(8), Arm.CANDIDATE, 2, int(Event.ERROR | Event.OVERDUE) | 1 << 20)
    other = Enrolment(RELEASE_ID, bytes(8), Arm.CANDIDATE, 2, int(Event.ERROR))
    totals = {key: total.total for key, total in sums_of([(unit, True), (other, False)])}
    assert totals == {
        SumKey(RELEASE_ID, 2, "enrolled", 1): 1,
        SumKey(RELEASE_ID, 2, "call.error", 1): 2,
        SumKey(RELEASE_ID, 2, "call.overdue", 1): 1,
    }


def test_a_score_of_an_event_metric_is_an_event_of_its_unit() -> None:
    """A thumb down counts for the unit; a metric that is no event, and a score of zero, do not."""
    call = raw_call(1)
    scores: list[Record] = [
        Score(call, START_US, "feedback.thumbs_down", 1_000_000, "user", "a"),
        Score(call, START_US, "custom.length", 1_000_000, "rule", "b"),
        Score(call, START_US, "call.policy_violation", 0, "rule", "c"),
    ]
    found = _tally(scores)
    assert [enrolment.events for enrolment in found.enrolments] == [Event.THUMBS_DOWN]
    assert found.rollups == ()


def test_O2_an_event_that_scores_report_counts_once_and_sets_its_units_bit() -> None:
    """Twice thumbs down of one call is one event to roll up; its unit is enrolled with the bit, whoever comes first."""
    bad = Score(raw_call(1), START_US, "feedback.thumbs_down", 1_000_000, "feedback", "a", "support-bot")
    again = Score(raw_call(1), START_US + 9_000_000, "feedback.thumbs_down", 1_000_000, "feedback", "b", "support-bot")
    good = Score(raw_call(2), START_US, "feedback.thumbs_down", 0, "feedback", "a", "support-bot")
    found = _tally([bad, again, good])
    unit = (1).to_bytes(8, "big")
    assert found.enrolments == (Enrolment(RELEASE_ID, unit, Arm.CANDIDATE, 0, Event.THUMBS_DOWN),)
    assert found.rollups == ()
    assert [(one.call, one.at_us, one.event) for one in found.scored] == [(raw_call(1), START_US, Event.THUMBS_DOWN)]
    for rollup, width_s in zip(rollups_of("h", found.scored), (1, 60), strict=True):
        assert (rollup.app, rollup.release, rollup.arm, rollup.version) == ("support-bot", RELEASE_ID, 1, "")
        assert (rollup.start_us, rollup.width_s) == (START_US - START_US % (width_s * 1_000_000), width_s)
        assert (rollup.requests, rollup.events) == (0, {Event.THUMBS_DOWN: 1})


def test_J1_the_speed_of_streams_is_that_of_whole_ones_that_told_their_tokens() -> None:
    """Tokens after the first over the time after the first byte. Left out: answers in one piece, broken streams, those
    whose tokens are estimated or unknown, and a single token."""
    clock = ManualClock()

    def stream(number: int, **fields: Any) -> End:
        call = raw_call(number, unit=0, arm=1, stratum=0)
        ended = end(call, clock, latency_us=3_000_000)
        return msgspec.structs.replace(ended, **{"stream": True, "ttft_us": 1_000_000, "tokens_out": 41, **fields})

    records: list[Record] = [
        stream(0),
        stream(1, tokens_out=21),
        stream(2, stream=False),
        stream(3, error=int(ErrorClass.UPSTREAM_CUT)),
        stream(4, estimated=True),
        stream(5, tokens_out=-1),
        stream(6, tokens_out=1),
        stream(7, ttft_us=0),
    ]
    for found in _tally(records).rollups:
        assert (found.streams, found.stream_tokens, found.stream_us) == (2, 60, 4_000_000)
        assert found.requests == 8
