"""What the crash and outage tests rest on: a comparison that finds what is planted, and is silent otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from serinus.control.pause_release import pause_release
from serinus.control.resume_release import resume_release
from serinus.core.audit.entry import Action, Entry
from serinus.core.records.call import Call, lost_end, row
from serinus.core.records.record import Begin
from serinus.core.records.sums import Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.release.table import State
from tests.process import ledger
from tests.unit.control.production import PERSON, Production

RELEASE = "rel_1"
TOLD = {"call": "call_1", "arm": "candidate", "release": RELEASE, "version": "v2", "status": 200}


def _call(**changes: Any) -> Call:
    begin = Begin(b"\1" * 48, 0, 0, "shop", bytes(32), 1, 30_000)
    told = {"call": "call_1", "arm": "candidate", "release": RELEASE, "version": "v2", "status": 200}
    fields = {**told, "stratum": 0, "unit": "aa", "events": (), "finished": True, **changes}
    return msgspec.structs.replace(row(lost_end(begin), "here"), **fields)


def test_a_record_that_is_missing_unfinished_doubled_or_different_is_found() -> None:
    """And one that is as the answer told is not."""
    assert not ledger.lost([TOLD], [_call()])
    assert not ledger.duplicated([_call(), _call(call="call_2")])
    assert not ledger.mismatched([TOLD], [_call()])
    assert ledger.lost([TOLD, {**TOLD, "call": ""}], []) == ["call_1", ""]
    assert ledger.lost([TOLD], [_call(finished=False)]) == ["call_1"]
    assert ledger.duplicated([_call(), _call()]) == ["call_1"]
    for change in ({"arm": "control"}, {"release": "rel_2"}, {"version": "v1"}, {"status": 500}):
        assert ledger.mismatched([TOLD], [_call(**change)]) == ["call_1"]


def test_sums_are_counted_anew_by_unit_and_first_event() -> None:
    """A unit counts once however often it calls, in its first events too; other arms and closed strata do not."""
    calls = [
        _call(events=("call.error",)),
        _call(call="call_2", events=("call.error", "call.refusal")),
        _call(call="call_3", arm="control", unit="bb", finished=False),
        _call(call="call_4", arm="rest", unit="cc", stratum=-1),
        _call(call="call_5", unit="dd", stratum=-1),
    ]
    sums = [
        (SumKey(RELEASE, 0, "enrolled", 1), Sum(total=1)),
        (SumKey(RELEASE, 0, "call.error", 1), Sum(total=1)),
        (SumKey(RELEASE, 0, "call.refusal", 1), Sum(total=1)),
        (SumKey(RELEASE, 0, "enrolled", 2), Sum(total=1)),
    ]
    assert ledger.wrong_sums(calls, sums) == []
    assert len(ledger.wrong_sums(calls, sums[1:])) == 1
    assert len(ledger.wrong_sums(calls[:2], sums)) == 1
    assert len(ledger.wrong_sums(calls, [(key, Sum(total=value.total + 1)) for key, value in sums])) == 4


@pytest.fixture(scope="module")
def climbed() -> tuple[Release, list[Entry]]:
    """A release that was paused once and promoted, with its trail."""
    world = Production()
    world.start()
    world.seconds(10)
    pause_release(world.control, world.clock.now_us(), PERSON, world.release().id, "look")
    world.seconds(30)
    resume_release(world.control, world.clock.now_us(), PERSON, world.release().id, "seen")
    release = world.until(State.PROMOTED)
    with world.control.tx() as tx:
        return release, [entry for entry in tx.audit_entries(0, 1000) if entry.subject == release.id]


def test_a_release_that_took_its_steps_in_turn_is_found_right(climbed: tuple[Release, list[Entry]]) -> None:
    """Also when it was paused: that time is no dwell."""
    assert ledger.wrong_steps(*climbed) == []


def _first(trail: list[Entry], action: Action) -> int:
    return next(index for index, entry in enumerate(trail) if entry.action == action)


def _skipped(trail: list[Entry]) -> list[Entry]:
    at = _first(trail, Action.TICK_ADVANCED)
    return trail[:at] + trail[at + 1 :]


def _repeated(trail: list[Entry]) -> list[Entry]:
    at = _first(trail, Action.TICK_ADVANCED)
    return trail[: at + 1] + trail[at:]


def _cut_short(trail: list[Entry]) -> list[Entry]:
    at = _first(trail, Action.TICK_ADVANCED)
    return [*trail[:at], msgspec.structs.replace(trail[at], at_us=trail[at].at_us - 5_000_000), *trail[at + 1 :]]


def _never_paused(trail: list[Entry]) -> list[Entry]:
    at = _first(trail, Action.RELEASE_PAUSED)
    return [*trail[:at], *trail[at + 2 :]]


@pytest.mark.parametrize("plant", [_skipped, _repeated, _cut_short, _never_paused])
def test_a_trail_with_a_planted_fault_is_found_wrong(
    climbed: tuple[Release, list[Entry]], plant: Callable[[list[Entry]], list[Entry]]
) -> None:
    """A step skipped, repeated or cut short, and changes that are missing from the trail."""
    release, trail = climbed
    assert ledger.wrong_steps(release, plant(trail))


def test_a_release_that_stands_elsewhere_than_its_trail_says_is_found_wrong(
    climbed: tuple[Release, list[Entry]],
) -> None:
    """In its step, its state or its ramp."""
    release, trail = climbed
    for change in ({"step": 2}, {"state": State.WATCHING}, {"ramp": release.ramp[:-1]}, {"ramp": release.ramp[::-1]}):
        assert ledger.wrong_steps(msgspec.structs.replace(release, **change), trail)
