"""Take in what was raised beside the calls: each suspicion once, with its audit entry and whom it is told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from serinus.control.apply import ACTOR
from serinus.control.change import digest_of
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import FormatError
from serinus.core.records.suspicion import Raised
from serinus.core.release.release import Release
from serinus.core.release.suspicion import Suspicion, first_raised, raised_again
from serinus.core.release.table import FINAL, State
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

BATCH = 200
AT_ONCE = 50
"""Suspicions of a candidate that may wait for an answer at a time; nobody answers hundreds in minutes, so more of them
wait to be taken in, but for what a second judge says of those."""
TOLD_EVERY_S = 60.0
"""A classifier that errs would else send a message for every call."""


def take_in_suspicions(control: ControlStore, telemetry: TelemetryStore, epoch: int, now_us: int) -> int:
    """Take in what waits; how many. Done twice it is done once: each has one name. Deposed when another leads."""
    with telemetry.tx() as raised:
        if not raised.suspected(1):
            return 0
    with control.tx(epoch) as tx:
        held = tx.open_suspicions()
        waiting = {release: [one for one in of if one.pending] for release, of in held.items()}
    full = {release for release, pending in waiting.items() if len(pending) >= AT_ONCE}
    again = [(one.call, one.kind) for release in sorted(full) for one in waiting[release]]
    with telemetry.tx() as raised:
        batch = [*raised.suspected_again(again, BATCH), *_with_room(raised.suspected(BATCH, full), waiting)]
    if batch:
        run(control, lambda tx: [take_in(tx, now_us, one, ACTOR) for one in batch], epoch)
        with telemetry.tx() as raised:
            raised.forget_suspected(batch)
    return len(batch)


def _with_room(found: Sequence[Raised], waiting: Mapping[str, Sequence[Suspicion]]) -> list[Raised]:
    """Those that make no release wait for more than `AT_ONCE` answers. A second word on what waits needs no room: it
    may be the confirmation."""
    asked = {release: {one.id for one in pending} for release, pending in waiting.items()}
    fitting = []
    for one in found:
        known = asked.setdefault(one.release, set())
        if one.arm is Arm.CANDIDATE and one.id not in known:
            if len(known) >= AT_ONCE:
                continue
            known.add(one.id)
        fitting.append(one)
    return fitting


def take_in(tx: ControlTx, now_us: int, found: Raised, actor: str, reason: str = "") -> Suspicion:
    """The suspicion, as it stands by now. Pauses nothing: whoever calls does, or the tick in its round."""
    known = tx.suspicion(found.id)
    if known is not None:
        return _again(tx, now_us, known, found)
    release = _release(tx, found.release)
    one = first_raised(found, release, now_us, reason)
    told_at_us = tx.last_suspicion(one.app, one.release if one.holds else "", one.holds)
    tx.put_suspicion(one)
    why = f": {reason}" if reason else ""
    action = Action.TICK_SUSPECTED if actor == ACTOR else Action.SUSPICION_RAISED
    audit_suspicion(tx, now_us, actor, action, None, one, f"Suspected {one.words}{why}")
    if now_us - told_at_us >= TOLD_EVERY_S * 1e6:
        _tell(tx, now_us, one, release, actor)
    return one


def audit_suspicion(
    tx: ControlTx, now_us: int, actor: str, action: Action, before: Suspicion | None, one: Suspicion, reason: str
) -> None:
    """Append the entry for a change of a suspicion; its evidence is what whoever acted saw."""
    tx.append_audit(
        Draft(
            at_us=now_us,
            actor=actor,
            action=action,
            subject=one.release or one.app,
            before=digest_of(before) if before else "",
            after=digest_of(one),
            reason=reason,
            evidence=msgspec.json.encode(before or one).decode(),
        )
    )


def _again(tx: ControlTx, now_us: int, known: Suspicion, found: Raised) -> Suspicion:
    following = raised_again(known, found, now_us)
    if following != known:
        tx.put_suspicion(following)
        text = f"{found.by} suspects it, too: {following.words}"
        audit_suspicion(tx, now_us, ACTOR, Action.TICK_WITNESSED, known, following, text)
    return following


def _tell(tx: ControlTx, now_us: int, one: Suspicion, release: Release | None, actor: str) -> None:
    """A release that is stopped by it says so itself; what concerns one that has ended is on the trail alone."""
    if one.holds and release is not None and release.state is not State.PAUSED:
        return
    if not one.holds and release is not None and release.state in FINAL and release.state is not State.PROMOTED:
        return
    tx.enqueue(
        Notice(
            release=one.release,
            seq=release.seq if release is not None else 0,
            kind="suspect" if one.holds else "suspect_live",
            subject=one.id,
            body=f"Suspected {one.words} ({one.id})",
            at_us=now_us,
            app=one.app,
            actor=actor,
        )
    )


def _release(tx: ControlTx, id: str) -> Release | None:
    """None also for one that cannot be read: the tick takes that back by itself."""
    try:
        return tx.release(id) if id else None
    except FormatError:
        return None
