"""Which part of units events come from: counts that add up, in whatever order and over whatever restarts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serinus.core.records.event_parts import NOT_TOLD, PARTS, counts, decode, encode, merge_encoded, part_of
from serinus.core.records.record import Event
from serinus.core.records.tally import Read, tally
from serinus.core.records.unit_measures import bit_of
from serinus.core.routing.snapshot import Measured
from tests.fake_workers import START_US, ManualClock, begin, end, raw_call
from tests.unit.agent.world import RELEASE_ID

ERROR = int(Event.ERROR)
SLOW = Measured(metric="latency.p95", of="latency", slot=2, candidate=2000, control=1000)
KNOWN = st.dictionaries(
    st.sampled_from([1, 2, 1 << 22]), st.dictionaries(st.integers(0, 15), st.integers(1, 99), min_size=1), max_size=3
)


@given(KNOWN, KNOWN, KNOWN)
def test_they_add_up_in_any_order(a: dict[int, dict[int, int]], b: dict[int, dict[int, int]],
                                  c: dict[int, dict[int, int]]) -> None:  # fmt: skip
    """As batches and hosts do, and nothing is lost."""
    one = merge_encoded(merge_encoded(encode(a), encode(b)), encode(c))
    other = merge_encoded(encode(c), merge_encoded(encode(b), encode(a)))
    assert decode(one) == decode(other)
    for bit in (1, 2, 1 << 22):
        total = sum(count for each in (a, b, c) for count in each.get(bit, {}).values())
        assert sum(counts([encode(a), encode(b), encode(c)], bit)) == sum(counts([one], bit)) == total


def test_what_an_earlier_agent_wrote_tells_none() -> None:
    """Neither does a call without a unit; nothing is not a count of zero."""
    assert (decode(None), decode(b""), counts([None], ERROR), encode({})) == ({}, {}, (), None)
    assert (part_of(NOT_TOLD), part_of(bytes(7) + b"\x25")) == (None, 5)
    assert len(counts([encode({ERROR: {3: 2}})], ERROR)) == PARTS


def test_2_7_a_minute_tells_which_part_of_units_failed_or_waited() -> None:
    """All failing calls of a unit lie in one part; slow ones are those beyond control's bound, whatever arm it was."""
    clock = ManualClock()
    records = []
    for number, (unit, events, latency_us) in enumerate(
        [(5, ERROR, 1001), (5, ERROR, 900), (6, 0, 1500), (0, ERROR, 1)]
    ):
        call = raw_call(number, unit=unit, arm=2 if unit == 5 else 0, stratum=0 if unit == 5 else -1)
        records += [begin(call, clock), end(call, clock, events, latency_us=latency_us)]
    read = Read(instance="i", open={}, records=[(record, "i-0") for record in records])
    found = tally("h", [read], START_US, {RELEASE_ID: (SLOW,)}).rollups
    minutes = [one.event_parts for one in found if one.width_s == 60]
    assert counts(minutes, ERROR)[5] == sum(counts(minutes, ERROR)) == 2
    assert [counts(minutes, bit_of(SLOW))[part] for part in (5, 6)] == [1, 1]
    assert [one.event_parts for one in found if one.width_s == 1 and one.event_parts] == []
