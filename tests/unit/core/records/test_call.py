"""Rows of the event log."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.ids import RELEASE as RELEASE_PREFIX
from serinus.core.ids import id_text
from serinus.core.records import call_id
from serinus.core.records.call import event_names, lost_end, row
from serinus.core.records.record import ErrorClass, Event, Rung
from tests.fake_workers import RELEASE, START_US, VERSION, ManualClock, begin, end, raw_call


def test_an_end_is_decoded_into_words_and_hex() -> None:
    """What the call id carries is spelled out, so that nobody needs a decoder to read the log."""
    raw = raw_call(5, unit=0xABCD, arm=2, stratum=3)
    made = msgspec.structs.replace(
        end(raw, ManualClock(), Event.ERROR | Event.REFUSAL),
        conversation=2**64 - 2,
        error=int(ErrorClass.UPSTREAM_TIMEOUT),
        rung=int(Rung.BASELINE),
        tokens_cached=-1,
        cost_nano=0,
    )
    found = row(made, "host-1")
    assert found.call == call_id.text(raw)
    assert (found.release, found.arm, found.stratum) == (id_text(RELEASE_PREFIX, RELEASE), "control", 3)
    assert (found.unit, found.version, found.conversation) == (f"{0xABCD:016x}", VERSION.hex(), "fffffffffffffffe")
    assert (found.error, found.rung, found.events) == ("upstream_timeout", "baseline", ("call.error", "call.refusal"))
    assert (found.tokens_cached, found.cost_nano, found.begun_at_us) == (None, 0, START_US)
    assert found.finished


@pytest.mark.parametrize("number", [12, 200])
def test_words_of_a_newer_worker_stay_numbers(number: int) -> None:
    """Readers pass over what they do not know instead of failing."""
    made = msgspec.structs.replace(end(raw_call(1), ManualClock()), error=number, rung=number)
    assert (row(made, "h").error, row(made, "h").rung) == (str(number), str(number))
    assert event_names(4096 | 1) == ("call.error", "event.4096")


def test_a_lost_call_counts_against_no_arm() -> None:
    """Its end is infrastructure, without status and without events."""
    found = row(lost_end(begin(raw_call(1), ManualClock())), "h", finished=False)
    assert (found.status, found.error, found.events, found.finished) == (0, "infrastructure", (), False)
