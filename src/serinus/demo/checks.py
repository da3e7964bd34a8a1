"""What must be true at the end of the demo, each as a statement with its numbers. Pure, over what was collected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from serinus.core.records.call import Call


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One statement: whether it holds, and the numbers that say so."""

    holds: bool
    statement: str
    numbers: str


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the demo's users and its stores saw.

    `good` and `bad` are the two releases as the API shows them, `seen` the log lines of the simulated users, `calls`
    the event log, `audit` the entries of both releases oldest first, `verified` the result of `audit verify`.
    """

    good: dict[str, Any]
    bad: dict[str, Any]
    live: str
    seen: Sequence[dict[str, Any]]
    calls: Sequence[Call]
    audit: Sequence[dict[str, Any]]
    verified: dict[str, Any]
    dropped: int
    incomplete: int


def outcomes(collected: Collected) -> list[Outcome]:
    """All statements, in the order in which they are told."""
    return [
        _climbed(collected),
        _rolled_back(collected),
        _recorded_once(collected),
        _told_the_truth(collected),
        _nobody_after_rollback(collected),
        _units_stayed(collected),
        _complete(collected),
        _audited(collected),
    ]


def _climbed(collected: Collected) -> Outcome:
    good = collected.good
    steps = sum(e["subject"] == good["id"] and e["action"].endswith(":advance") for e in collected.audit)
    holds = good["state"] == "promoted" and collected.live == good["candidate"]["digest"]
    return Outcome(
        holds=holds and steps == good["steps"] - 1,
        statement="The good candidate climbed every step and is live",
        numbers=f"{steps + 1} steps, {good['state']}",
    )


def _rolled_back(collected: Collected) -> Outcome:
    bad = collected.bad
    entries = [e for e in collected.audit if e["subject"] == bad["id"] and e["action"] == "tick:release:roll_back"]
    holds = bad["state"] == "rolled_back" and len(entries) == 1 and "format" in entries[0]["reason"]
    return Outcome(
        holds=holds,
        statement="The bad candidate was rolled back by itself, for its broken formats, and that is confirmed",
        numbers=entries[0]["reason"] if entries else f"it is {bad['state']}: {bad['reason']}",
    )


def _recorded_once(collected: Collected) -> Outcome:
    recorded = Counter(call.call for call in collected.calls)
    lost = sum(recorded[line["call"]] == 0 for line in collected.seen)
    twice = sum(count > 1 for count in recorded.values())
    return Outcome(
        holds=bool(collected.seen) and not lost and not twice,
        statement="Every answer that a user got is in the call log exactly once",
        numbers=f"{len(collected.seen):,} answers, {lost} lost, {twice} recorded twice",
    )


def _told_the_truth(collected: Collected) -> Outcome:
    by_id = {call.call: call for call in collected.calls}
    wrong = sum(_differs(line, by_id[line["call"]]) for line in collected.seen if line["call"] in by_id)
    return Outcome(
        holds=not wrong,
        statement="The log names the arm and release that each answer's headers told",
        numbers=f"{wrong} differ",
    )


def _differs(line: dict[str, Any], call: Call) -> bool:
    return (line["arm"], line["release"], line["status"]) != (call.arm, call.release, call.status)


def _nobody_after_rollback(collected: Collected) -> Outcome:
    bad = collected.bad
    entry = [e for e in collected.audit if e["subject"] == bad["id"] and e["action"].endswith(":confirm")]
    confirmed_us = entry[0]["at_us"] if entry else 0
    after = sum(
        call.begun_at_us > confirmed_us and call.version == bad["candidate"]["digest"] for call in collected.calls
    )
    return Outcome(
        holds=bool(entry) and after == 0,
        statement="After the confirmed rollback nobody was served by the bad version",
        numbers=f"{after} calls",
    )


def _units_stayed(collected: Collected) -> Outcome:
    arms: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for call in _compared(collected.calls):
        arms[call.release, call.unit].add(call.arm)
    moved = sum(len(found) > 1 for found in arms.values())
    return Outcome(
        holds=bool(arms) and moved == 0,
        statement="No user changed arms while the versions were compared",
        numbers=f"{len(arms):,} users compared, {moved} moved",
    )


def _compared(calls: Iterable[Call]) -> Iterable[Call]:
    return (call for call in calls if call.stratum >= 0)


def _complete(collected: Collected) -> Outcome:
    return Outcome(
        holds=collected.dropped == 0 and collected.incomplete == 0,
        statement="No request was cut off and no record dropped",
        numbers=f"{collected.incomplete} cut off, {collected.dropped} dropped",
    )


def _audited(collected: Collected) -> Outcome:
    verified = collected.verified
    return Outcome(
        holds=bool(verified["whole"]) and verified["checked"] > 0,
        statement="The audit trail is whole",
        numbers=f"{verified['checked']} entries, {len(verified['faults'])} faults",
    )
