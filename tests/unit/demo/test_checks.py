"""What the demo states at its end: true of a demo that went well, and each statement false when it should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from serinus.demo.checks import outcomes
from serinus.demo.collect import Collected
from tests.unit.demo.world import BAD, BETTER, GOOD, HASTY, OLD, WORSE, audit, call, calls, collected, entry


def _failed(world: Collected) -> list[str]:
    return [outcome.statement for outcome in outcomes(world) if not outcome.holds]


def _with_release(index: int, **changes: Any) -> Collected:
    world = collected()
    told = list(world.told)
    told[index] = msgspec.structs.replace(told[index], **changes)
    return msgspec.structs.replace(world, told=told)


def _in_state(index: int, state: str) -> Collected:
    return _with_release(index, document={**collected().told[index].document, "state": state})


def _result(kind: str, outcome: str) -> Collected:
    document = collected().told[1].document
    stages = [
        {**stage, "result": {"outcome": outcome}} if stage["kind"] == kind else stage for stage in document["stages"]
    ]
    return _with_release(1, document={**document, "stages": stages})


def _without(subject: str, action: str) -> Collected:
    return collected(audit=[e for e in audit() if (e["subject"], e["action"].rpartition(":")[2]) != (subject, action)])


def _more(*found: Any) -> Collected:
    return collected(calls=[*calls(), *found])


def test_a_demo_that_went_well_holds_in_every_statement() -> None:
    """None fails, and each has its numbers."""
    found = outcomes(collected())
    assert [outcome.statement for outcome in found if not outcome.holds] == []
    assert all(outcome.numbers for outcome in found)


BROKEN: list[tuple[str, Callable[[], Collected]]] = [
    ("passed every stage", lambda: _in_state(0, "aborted")),
    ("passed every stage", lambda: collected(live=OLD)),
    ("passed every stage", lambda: _without(GOOD, "advance")),
    ("somebody else did", lambda: _with_release(0, refusal="")),
    ("somebody else did", lambda: _with_release(0, refusal="error: no such release")),
    ("somebody else did", lambda: _without(GOOD, "approve")),
    ("somebody else did", lambda: collected(audit=[{**e, "actor": "ada (1)"} for e in audit()])),
    ("No false alarm", lambda: collected(audit=[*audit(), entry(GOOD, "tick:release:pause", 5)])),
    ("No false alarm", lambda: collected(calls=[one for one in calls() if one.release != GOOD])),
    ("was stopped in shadow", lambda: _in_state(1, "aborted")),
    ("was stopped in shadow", lambda: _result("offline", "inconclusive")),
    ("was stopped in shadow", lambda: _result("shadow", "inconclusive")),
    ("was stopped in shadow", lambda: _without(BAD, "reject")),
    ("Nobody saw", lambda: _more(call(20, "rest", WORSE, at_s=13))),
    ("Nobody saw", lambda: collected(calls=[one for one in calls() if one.release != BAD])),
    ("rolled back from its canary", lambda: _in_state(2, "promoted")),
    ("rolled back from its canary", lambda: _without(HASTY, "roll_back")),
    ("rolled back from its canary", lambda: _without(HASTY, "confirm")),
    ("After the confirmed rollback", lambda: _more(call(20, "candidate", WORSE, HASTY, at_s=27))),
    ("After the confirmed rollback", lambda: _without(HASTY, "confirm")),
    ("After the confirmed rollback", lambda: collected(calls=calls()[:-1])),
    ("exactly once", lambda: collected(calls=calls()[1:])),
    ("exactly once", lambda: _more(calls()[0])),
    ("exactly once", lambda: collected(seen=[])),
    ("headers told", lambda: collected(seen=[{**line, "arm": "control"} for line in collected().seen])),
    ("headers told", lambda: collected(seen=[{**line, "release": "rel_x"} for line in collected().seen])),
    ("headers told", lambda: collected(seen=[{**line, "status": 500} for line in collected().seen])),
    ("changed arms", lambda: _more(call(20, "control", OLD, GOOD, unit="u3"))),
    ("changed arms", lambda: collected(calls=[one for one in calls() if one.arm != "candidate"])),
    ("cut off", lambda: collected(incomplete=1)),
    ("cut off", lambda: collected(dropped=1)),
    ("comes out identical", lambda: _with_release(1, decisions=[{"outcome": "different"}])),
    ("comes out identical", lambda: _with_release(1, identical=False)),
    ("audit trail is whole", lambda: collected(verified={"checked": 10, "whole": False, "faults": [{}]})),
    ("audit trail is whole", lambda: collected(verified={"checked": 0, "whole": True, "faults": []})),
]


@pytest.mark.parametrize(("statement", "world"), BROKEN, ids=[f"{i}-{one[0]}" for i, one in enumerate(BROKEN)])
def test_each_statement_fails_when_it_is_not_so(statement: str, world: Callable[[], Collected]) -> None:
    """A check that cannot fail would be none."""
    assert any(statement in failed for failed in _failed(world()))


def test_every_statement_was_seen_to_fail() -> None:
    """The worlds above break each one."""
    for outcome in outcomes(collected()):
        assert any(statement in outcome.statement for statement, _ in BROKEN), outcome.statement


def test_a_version_counts_by_its_digest() -> None:
    """That the good version is served everywhere later on is no exposure to the bad one."""
    assert _failed(_more(call(20, "rest", BETTER, at_s=13))) == []
