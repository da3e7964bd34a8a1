"""Pairs in the call log: a score of the shadow call, with the call that answered the user."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.records import call_id
from serinus.core.records.pair_score import score_of
from serinus.core.records.record import Event, Pair
from serinus.core.records.score import event_of, row
from tests.golden.inputs import RECORDS

(PAIR,) = (record for record in RECORDS if isinstance(record, Pair))


@pytest.mark.parametrize(
    ("candidate", "baseline", "worse"),
    [
        (Event(0), Event(0), 0),
        (Event.ERROR, Event.ERROR, 0),
        (Event.ERROR | Event.REFUSAL, Event.ERROR, 1),
        (Event.POLICY_VIOLATION | Event.INVALID_FORMAT, Event(0), 2),
        (Event(0), Event.REFUSAL, -1),
    ],
)
def test_E3_a_pair_counts_what_only_one_side_did(candidate: Event, baseline: Event, worse: int) -> None:
    """What both did says nothing; the text leads to the answer that the user got."""
    made = score_of(msgspec.structs.replace(PAIR, candidate_events=int(candidate), baseline_events=int(baseline)))
    logged = row(made, "here")
    assert logged.value_micro == worse * 1_000_000
    assert (logged.call, logged.arm, logged.text) == (call_id.text(PAIR.call), "shadow", call_id.text(PAIR.primary))
    assert event_of(made) == 0
