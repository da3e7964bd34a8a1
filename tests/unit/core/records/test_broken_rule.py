"""Which rule with zero tolerance an answer broke is told from its record (J1)."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.records import call_id
from serinus.core.records.broken_rule import BrokenRule, broken_of, newest
from serinus.core.records.record import Event
from serinus.core.routing.assignment import Arm
from tests.fake_workers import VERSION, ManualClock, end, raw_call

STRICT = int(Event.POLICY_VIOLATION | Event.ZERO_TOLERANCE)


def told(arm: Arm, events: int = STRICT, rules: tuple[str, ...] = ("no_refunds",)) -> tuple[BrokenRule, ...]:
    """What is told of an answer."""
    call = raw_call(1, arm=int(arm))
    return broken_of(msgspec.structs.replace(end(call, ManualClock(), events), rules=rules))


@pytest.mark.parametrize("arm", [Arm.CANDIDATE, Arm.SHADOW])
def test_J1_a_candidates_broken_rule_names_its_call_and_version(arm: Arm) -> None:
    """Served or mirrored; all rules that the answer broke."""
    found = told(arm, rules=("no_refunds", "too_long"))
    assert [one.rule for one in found] == ["no_refunds", "too_long"]
    assert {one.call for one in found} == {call_id.text(raw_call(1, arm=int(arm)))}
    assert {one.version for one in found} == {VERSION.hex()}
    assert {one.arm for one in found} == {arm}


@pytest.mark.parametrize("arm", [Arm.CONTROL, Arm.REST, Arm.PINNED])
def test_the_live_versions_broken_rules_are_not_told(arm: Arm) -> None:
    """They take nothing back, and there may be many."""
    assert told(arm) == ()


def test_a_rule_that_only_counts_is_not_told() -> None:
    """Nothing acts on it by itself."""
    assert told(Arm.CANDIDATE, events=int(Event.POLICY_VIOLATION)) == ()


def test_of_each_rule_the_newest_call_is_told() -> None:
    """Whatever the order in which records come."""
    (first,) = told(Arm.CANDIDATE)
    later = msgspec.structs.replace(first, at_us=first.at_us + 1, call="call_0")
    assert newest([later, first]) == newest([first, later]) == (later,)
