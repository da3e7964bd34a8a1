"""A demo that went as it should, small enough to be read: for the tests of what is said about it."""

from __future__ import annotations

from typing import Any

from serinus.core.records.call import Call
from serinus.demo.collect import Collected, Ended

GOOD, BAD, HASTY = "rel_good", "rel_bad", "rel_hasty"
OLD, BETTER, WORSE = "d-old", "d-better", "d-worse"
SECOND_US = 1_000_000


def call(number: int, arm: str, version: str, release: str = "", at_s: float = 1.0, **changes: Any) -> Call:
    """One call of user `number`, `at_s` seconds after the demo's beginning."""
    fields: dict[str, Any] = {
        "call": f"call_{number}",
        "host": "here",
        "app": "support-bot",
        "release": release,
        "arm": arm,
        "stratum": 0 if arm in ("candidate", "control") else -1,
        "unit": f"u{number}",
        "conversation": "",
        "version": version,
        "revision": 1,
        "begun_at_us": int(at_s * SECOND_US),
        "at_us": int(at_s * SECOND_US) + 1000,
        "status": 200,
        "error": "none",
        "events": (),
        "latency_us": 1000,
        "ttft_us": 1000,
        "tokens_in": 1,
        "tokens_out": 1,
        "tokens_cached": None,
        "cost_nano": None,
        "finish": "stop",
        "rung": "none",
        "held": False,
        "estimated": False,
        "stream": False,
        "attempts": 1,
        "upstream_status": 200,
        "model": "sim-small",
        "finished": True,
    }
    return Call(**(fields | changes))


def calls() -> list[Call]:
    """What was served and mirrored: the good release in seconds 1 to 9, the bad one from 11, the hasty one from 21."""
    broken = ("call.invalid_format",)
    return [
        call(1, "rest", OLD, at_s=2),
        call(2, "shadow", BETTER, GOOD, at_s=2),
        call(3, "candidate", BETTER, GOOD, at_s=3),
        call(4, "control", OLD, GOOD, at_s=3),
        call(5, "candidate", BETTER, GOOD, at_s=4, events=broken),
        call(6, "rest", BETTER, at_s=12),
        call(7, "shadow", WORSE, BAD, at_s=12, events=broken),
        call(8, "candidate", WORSE, HASTY, at_s=22, events=broken),
        call(9, "control", BETTER, HASTY, at_s=22),
        call(10, "rest", BETTER, at_s=31),
    ]


def entry(subject: str, action: str, at_s: float, actor: str = "tick", reason: str = "") -> dict[str, Any]:
    """An entry of the audit trail."""
    return {"subject": subject, "action": action, "actor": actor, "reason": reason, "at_us": int(at_s * SECOND_US)}


def audit() -> list[dict[str, Any]]:
    """The trail of the three releases."""
    return [
        entry(GOOD, "person:release:create", 1, "ada (1)"),
        entry(GOOD, "person:release:approve", 2, "grace (2)"),
        *(entry(GOOD, "tick:release:advance", 3 + step) for step in range(2)),
        entry(GOOD, "tick:release:promote", 9),
        entry(BAD, "person:release:create", 11, "ada (1)"),
        entry(BAD, "tick:release:reject", 15, reason="only the candidate had broken formats"),
        entry(HASTY, "person:release:create", 21, "ada (1)"),
        entry(HASTY, "tick:release:roll_back", 25, reason="candidate units had broken formats"),
        entry(HASTY, "tick:release:confirm", 26),
    ]


def ended(id: str, title: str, state: str, digest: str, second: int, **results: str) -> Ended:
    """A release that came to this state; `results` by the kind of its measured stages."""
    stages = [{"kind": kind, "result": {"outcome": outcome}} for kind, outcome in results.items()]
    return Ended(
        title=title,
        id=id,
        refusal="ada (1) pushed this version, so they cannot approve it" if id == GOOD else "",
        document={
            "id": id,
            "state": state,
            "reason": f"why it is {state}",
            "candidate": {"name": f"bot-{second}", "digest": digest},
            "created_at": f"1970-01-01T00:00:{second:02d}+00:00",
            "stages": [*stages, {"kind": "rollout", "result": None}],
            "steps": 2,
        },
        decisions=[{"outcome": "identical"}],
        identical=True,
        pack="<!doctype html><p>the pack of <b>" + id,
    )


def collected(**changes: Any) -> Collected:
    """All of it."""
    found = calls()
    seen = [
        {"call": one.call, "arm": one.arm, "release": one.release, "status": one.status}
        for one in found
        if one.arm != "shadow"
    ]
    fields: dict[str, Any] = {
        "told": [
            ended(GOOD, "good", "promoted", BETTER, 1, offline="pass", shadow="pass"),
            ended(BAD, "bad", "rejected", WORSE, 11, offline="pass", shadow="fail"),
            ended(HASTY, "bad, no shadow", "rolled_back", WORSE, 21),
        ],
        "live": BETTER,
        "seen": seen,
        "calls": found,
        "audit": audit(),
        "verified": {"checked": 10, "whole": True, "faults": []},
        "dropped": 0,
        "incomplete": 0,
    }
    return Collected(**(fields | changes))
