"""Suspicions, raised and answered, on every store."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.records.suspicion import PATTERN, VIOLATION, Kind, Raised
from serinus.core.release.suspicion import Suspicion
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlStore, Page
from serinus.ports.telemetry_store import TelemetryStore
from tests.contract.values import BrokenOffError, a_release


def a_suspicion(id: str, release: str = "rel_1", app: str = "shop", holds: bool = True, at_us: int = 7) -> Suspicion:
    return Suspicion(
        id=id, kind=VIOLATION, app=app, release=release, call=f"call_{id}", arm="candidate", category="dosage",
        by=("guard-1", "später – 後で"), raised_at_us=at_us, holds=holds, due_at_us=9, reason="<b>",
    )  # fmt: skip


def a_raised(
    call: str, release: str = "rel_1", arm: Arm = Arm.CANDIDATE, at_us: int = 7, kind: Kind = VIOLATION
) -> Raised:
    return Raised(call=call, kind=kind, by="guard", app="shop", release=release, arm=arm, category="", at_us=at_us)


ANSWERED = msgspec.structs.replace(
    a_suspicion("sus_1"), answer="dismissed", answered_by="bob", answered_at_us=8, answer_reason="fine"
)


def test_H4_a_suspicion_comes_back_whole_and_keeps_its_place(control_store: ControlStore) -> None:
    """Replacing it changes all but where it is listed."""
    with control_store.tx() as tx:
        assert tx.suspicion("sus_1") is None
        for number in (1, 2, 3):
            tx.put_suspicion(a_suspicion(f"sus_{number}"))
        tx.put_suspicion(ANSWERED)
    with control_store.tx() as tx:
        assert tx.suspicion("sus_1") == ANSWERED
        first, cursor = tx.suspicions(Page(limit=2))
        rest, end = tx.suspicions(Page(limit=2, cursor=cursor))
    assert [one.id for one in (*first, *rest)] == ["sus_3", "sus_2", "sus_1"]
    assert end == ""


def test_H4_open_are_those_that_hold_an_active_release(control_store: ControlStore) -> None:
    """Answered ones too, until a person resumes; none of releases that have ended; pending ones wait for an answer."""
    with control_store.tx() as tx:
        tx.insert_release(a_release("rel_1"))
        tx.insert_release(a_release("rel_2", app="bakery", state=State.ROLLED_BACK))
        tx.put_suspicion(ANSWERED)
        tx.put_suspicion(a_suspicion("sus_2"))
        tx.put_suspicion(msgspec.structs.replace(a_suspicion("sus_3"), answer="dismissed", cleared_at_us=9))
        tx.put_suspicion(a_suspicion("sus_4", release="rel_2", app="bakery"))
        tx.put_suspicion(a_suspicion("sus_5", holds=False, at_us=11))
        tx.put_suspicion(a_suspicion("sus_6", release="", holds=False, at_us=12))
    with control_store.tx() as tx:
        held = tx.open_suspicions()
        assert {release: [one.id for one in found] for release, found in held.items()} == {"rel_1": ["sus_1", "sus_2"]}
        assert [one.id for one in tx.suspicions(Page(limit=9), pending=True)[0]] == ["sus_2"]
        assert [one.id for one in tx.suspicions(Page(limit=9), app="bakery")[0]] == ["sus_4"]
        assert [one.id for one in tx.suspicions(Page(limit=9), release="rel_1")[0]] == [
            "sus_5", "sus_3", "sus_2", "sus_1",
        ]  # fmt: skip
        assert tx.last_suspicion("shop", "rel_1", holds=True) == 7
        assert tx.last_suspicion("shop", "", holds=False) == 12
        assert tx.last_suspicion("nobody", "", holds=False) == 0


def test_a_failed_transaction_answers_nothing(control_store: ControlStore) -> None:
    """All or nothing."""
    with control_store.tx() as tx:
        tx.put_suspicion(a_suspicion("sus_1"))

    def broken_off() -> None:
        with control_store.tx() as tx:
            tx.put_suspicion(ANSWERED)
            tx.put_suspicion(a_suspicion("sus_2"))
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        broken_off()
    with control_store.tx() as tx:
        assert tx.suspicion("sus_1") == a_suspicion("sus_1")
        assert tx.suspicion("sus_2") is None


def test_H4_what_is_raised_waits_once_for_each_source(telemetry_store: TelemetryStore) -> None:
    """Oldest first, at most so many; the first of a source stays; what was taken in is forgotten."""
    other = msgspec.structs.replace(a_raised("call_a", at_us=9), by="guard-2")
    pattern = a_raised("call_a", at_us=10, kind=PATTERN)
    with telemetry_store.tx() as tx:
        tx.suspect([])
        tx.suspect({a_raised("call_b", at_us=8), a_raised("call_a")})
        tx.suspect([other, pattern])
        tx.suspect([a_raised("call_a", at_us=99)])
    with telemetry_store.tx() as tx:
        assert tx.suspected(9) == [a_raised("call_a"), a_raised("call_b", at_us=8), other, pattern]
        assert tx.suspected(1) == [a_raised("call_a")]
        tx.forget_suspected([a_raised("call_a"), other])
    with telemetry_store.tx() as tx:
        assert [one.call for one in tx.suspected(9)] == ["call_b", "call_a"]


def test_releases_that_are_full_wait_and_keep_no_other_waiting(telemetry_store: TelemetryStore) -> None:
    """Only what concerns their candidates."""
    with telemetry_store.tx() as tx:
        tx.suspect([a_raised("call_a"), a_raised("call_b", release="rel_2"), a_raised("call_c", arm=Arm.CONTROL)])
        tx.suspect([a_raised("call_d", release="")])
    with telemetry_store.tx() as tx:
        assert {one.call for one in tx.suspected(9, {"rel_1"})} == {"call_b", "call_c", "call_d"}
        assert len(tx.suspected(9)) == 4


def test_what_a_newer_agent_raises_waits_for_a_newer_control(telemetry_store: TelemetryStore) -> None:
    """It keeps no round of the tick from what is known."""
    newer = msgspec.structs.replace(a_raised("call_a"), kind="hunch")
    with telemetry_store.tx() as tx:
        tx.suspect([newer, msgspec.structs.replace(a_raised("call_b"), arm=99), a_raised("call_c")])
    with telemetry_store.tx() as tx:
        assert [one.call for one in tx.suspected(9)] == ["call_c"]
        assert [one.call for one in tx.suspected(9, {"rel_2"})] == ["call_c"]


def test_H4_what_is_said_again_of_what_waits_for_an_answer_is_found(telemetry_store: TelemetryStore) -> None:
    """By call and kind, however many are asked for, oldest first and no more than wanted."""
    with telemetry_store.tx() as tx:
        tx.suspect([a_raised("call_a", at_us=9), a_raised("call_b", at_us=8), a_raised("call_b", kind=PATTERN)])
        tx.suspect([msgspec.structs.replace(a_raised("call_a"), by="guard-2")])
    many = [(f"call_{number}", VIOLATION) for number in range(1200)]
    with telemetry_store.tx() as tx:
        found = tx.suspected_again([*many, ("call_a", VIOLATION), ("call_b", VIOLATION)], 9)
        assert [(one.call, one.kind, one.by) for one in found] == [
            ("call_a", VIOLATION, "guard-2"), ("call_b", VIOLATION, "guard"), ("call_a", VIOLATION, "guard"),
        ]  # fmt: skip
        assert len(tx.suspected_again([("call_a", VIOLATION)], 1)) == 1
        assert tx.suspected_again([], 9) == []
