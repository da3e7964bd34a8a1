"""Suspicions as scores tell them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.ids import id_bytes
from serinus.core.records import call_id
from serinus.core.records.record import Score
from serinus.core.records.suspicion import KINDS, PATTERN, VIOLATION, kind_of, raised_of, suspicion_id
from serinus.core.routing.assignment import Arm

RELEASE = "rel_" + "1a" * 16
RAW = call_id.make(bytes(32), b"shop", 9, bytes(5), id_bytes(RELEASE), Arm.CANDIDATE, 0, bytes(8))
SCORE = Score(RAW, 7, "feedback.suspected_violation", 1_000_000, "guard-2", "k", "shop", 0, "dosage")


def test_H4_a_score_tells_who_suspects_what_of_which_call() -> None:
    """Release and arm are those that the call id proves."""
    found = raised_of(SCORE)
    assert found is not None
    assert (found.kind, found.by, found.category, found.at_us) == (VIOLATION, "guard-2", "dosage", 7)
    assert (found.call, found.app, found.release, found.arm) == (call_id.text(RAW), "shop", RELEASE, Arm.CANDIDATE)


@pytest.mark.parametrize(
    "change",
    [
        {"metric": "feedback.thumbs_down"},
        {"metric": "feedback.text"},
        {"value_micro": 0},
        {"conversation": 5},
        {"call": RAW[:28] + b"\xee" + RAW[29:]},
    ],
)
def test_other_scores_tell_of_no_suspicion(change: dict[str, Any]) -> None:
    """Nor do those of a whole conversation, or of an arm that a newer gateway knows."""
    assert raised_of(msgspec.structs.replace(SCORE, **change)) is None


def test_L1_what_users_wrote_never_gets_in_by_a_writer_that_checks_less() -> None:
    """What is no word is left out, since names and categories stand on the audit trail."""
    found = raised_of(msgspec.structs.replace(SCORE, source="Ada Byron", text="she wrote: <b>help</b>"))
    assert found is not None
    assert (found.by, found.category) == ("classifier", "")


def test_H4_the_same_suspicion_has_one_name() -> None:
    """Whoever raises it; another kind or call has another."""
    call = call_id.text(RAW)
    first, second = (raised_of(msgspec.structs.replace(SCORE, source=by)) for by in ("guard-1", "guard-2"))
    assert first is not None
    assert second is not None
    assert first.id == second.id == suspicion_id(VIOLATION, call)
    assert suspicion_id(PATTERN, call) != first.id


def test_kinds_are_named() -> None:
    """Any other word is refused with those that are known."""
    assert [kind_of(kind) for kind in KINDS] == list(KINDS)
    with pytest.raises(InvalidInput, match="no kind 'hunch'") as refused:
        kind_of("hunch")
    assert PATTERN in refused.value.mend
