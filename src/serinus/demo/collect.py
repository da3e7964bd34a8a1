"""What the demo's users, its call log, its audit trail and its commands have to say when all is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from serinus.core.records.call import Call
from serinus.demo.project import APP
from serinus.demo.shell import Person, Shell
from serinus.demo.stack import Stack
from serinus.ports.event_log import CallQuery

_SHIPPED_S = 30.0
_NEWEST = 5000
_PAGE = 200


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A release as the acts left it. `refusal`: what its author was told who wanted to sign; empty: nobody asked."""

    title: str
    id: str
    refusal: str = ""


class Ended(Told, frozen=True, kw_only=True):
    """A release at the end: `document` as the API shows it, `decisions` decided anew, `pack` its evidence as HTML."""

    document: dict[str, Any]
    decisions: Sequence[dict[str, Any]]
    identical: bool
    pack: str


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the demo's users and its stores saw.

    `told` are the releases in their order, `live` the digest of the version that is live, `seen` the log lines of the
    users, `calls` the event log, `audit` the entries oldest first (with `at_us`), `verified` the result of `audit
    verify`.
    """

    told: Sequence[Ended]
    live: str
    seen: Sequence[dict[str, Any]]
    calls: Sequence[Call]
    audit: Sequence[dict[str, Any]]
    verified: dict[str, Any]
    dropped: int
    incomplete: int

    def acts_on(self, release: str) -> list[dict[str, Any]]:
        """What was done to a release, oldest first."""
        return [entry for entry in self.audit if entry["subject"] == release]


def collect(
    stack: Stack,
    shell: Shell,
    admin: Person,
    told: Sequence[Told],
    seen: Sequence[dict[str, Any]],
    counted: dict[str, Any],
) -> Collected:
    """Wait until the log has all that users saw, and read everything once."""
    last = {line["call"] for line in seen[-200:]}
    stack.wait(lambda: last <= {call.call for call in stack.calls(CallQuery(limit=_NEWEST))}, _SHIPPED_S)
    hosts = stack.api("GET", "/hosts")["items"]
    _, verified = shell.verdict(admin, "audit", "verify")
    shell.say(f"{verified['checked']} entries, {len(verified['faults'])} faults")
    return Collected(
        told=[_ended(stack, shell, admin, one) for one in told],
        live=stack.api("GET", f"/apps/{APP}")["live"]["digest"],
        seen=seen,
        calls=stack.calls(CallQuery(app=APP)),
        audit=_audit(stack),
        verified=verified,
        dropped=sum(worker["dropped"] for host in hosts for worker in host["workers"]),
        incomplete=int(counted.get("incomplete", 0)),
    )


def _ended(stack: Stack, shell: Shell, admin: Person, told: Told) -> Ended:
    code, anew = shell.verdict(admin, "replay", told.id)
    same = sum(one["outcome"] == "identical" for one in anew["decisions"])
    shell.say(f"{same} of {len(anew['decisions'])} decisions come out identical")
    name = f"{told.id}.html"
    shell.run(admin, "report", told.id, "--out", name)
    return Ended(
        title=told.title,
        id=told.id,
        refusal=told.refusal,
        document=stack.release(told.id),
        decisions=anew["decisions"],
        identical=code == 0 and bool(anew["identical"]),
        pack=(stack.directory / name).read_text(encoding="utf-8"),
    )


def _audit(stack: Stack) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = stack.api("GET", f"/audit?limit={_PAGE}" + (f"&cursor={cursor}" if cursor else ""))
        entries += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    for entry in entries:
        entry["at_us"] = int(datetime.fromisoformat(entry["at"]).timestamp() * 1e6)
    return entries[::-1]
