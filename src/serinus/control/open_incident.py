"""Open an incident in the transaction that takes a candidate back, and let its clock follow the release."""

from __future__ import annotations

import hashlib

import msgspec

from serinus.core.audit.entry import Action, Draft
from serinus.core.pipeline.incidents import IncidentRules
from serinus.core.release.incident import CLOCK, Incident, IncidentKind, Item, done, incident_id, opened
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.release.trigger import Trigger
from serinus.ports.control_store import ControlTx, Notice
from serinus.ports.docket import Docketed

TICK = "tick"
_PERSON = Trigger(kind="person")
_SHOWN = frozenset({Action.INCIDENT_OPENED, Action.INCIDENT_SIGNED, Action.INCIDENT_CLOSED})
"""Entries that keep the whole incident; what the tick opens one for stands in the entry of its decision, and a copy for
each of two hundred notes would make each entry longer than the last."""


def follow_incident(
    tx: ControlTx, now_us: int, actor: str, before: Release, following: Release, trigger: Trigger | None
) -> None:
    """What a change of a release means for its incident: a rollback of what users saw opens one (K2), and so does a
    rejection, which asks for a review alone (F4); the end of the rollback confirms the baseline (J6)."""
    if before.state is following.state:
        return
    if following.state is State.ROLLING_BACK and before.exposed:
        _open(tx, now_us, actor, following, "rollback", trigger)
    elif following.state is State.REJECTED:
        _open(tx, now_us, actor, following, "rejection", trigger)
    elif following.state is State.ROLLED_BACK:
        known = tx.incident(incident_id(following.id))
        if known is not None and known.open:
            tx.put_incident(done(known, "confirmed", now_us, actor))


def open_unreadable(tx: ControlTx, now_us: int, found: Docketed, reason: str) -> None:
    """Of a release that nobody can read: whether users saw its candidate is not known, so it is as if they had. Its
    rollback is confirmed by nobody, so the clock does not ask for that."""
    app = tx.app(found.app_name)
    plan = app.config.plan if app is not None else None
    trigger = Trigger(kind="unreadable")
    items = [
        Item(name=name, due_at_us=now_us + round(due_s * 1e6))
        for name, (due_s, _) in CLOCK.items()
        if name != "confirmed"
    ]
    one = Incident(
        id=incident_id(found.id),
        kind="rollback",
        app=found.app_name,
        release=found.id,
        version="",
        digest="",
        severity=trigger.severity,
        trigger=trigger,
        reason=reason,
        opened_at_us=now_us,
        opened_by=TICK,
        sign_off=(plan.incidents if plan is not None else IncidentRules()).sign_off,
        clock=tuple(items),
    )
    _keep(tx, now_us, TICK, done(one, "rerouted", now_us, TICK), found.seq + 1)


def _open(
    tx: ControlTx, now_us: int, actor: str, release: Release, kind: IncidentKind, trigger: Trigger | None
) -> None:
    if tx.incident(incident_id(release.id)) is not None:
        return
    version = tx.find_version(release.app, release.candidate)
    one = opened(
        release,
        kind,
        trigger or _PERSON,
        now_us,
        actor,
        by_person=actor != TICK,
        version=version.name if version else release.candidate[:12],
        author=version.created_by if version else "",
    )
    _keep(tx, now_us, actor, one, release.seq)


def _keep(tx: ControlTx, now_us: int, actor: str, one: Incident, seq: int) -> None:
    tx.put_incident(one)
    text = f"{one.severity}: {one.reason}"
    action = Action.TICK_INCIDENT if actor == TICK else Action.INCIDENT_OPENED
    audit_incident(tx, now_us, actor, action, None, one, text)
    if one.kind == "rejection":
        return  # those who are told of a rejection are told of all that there is
    tx.enqueue(
        Notice(
            release=one.release,
            seq=seq,
            kind="open_incident",
            subject=one.id,
            body=text,
            at_us=now_us,
            app=one.app,
            actor=actor,
        )
    )


def audit_incident(
    tx: ControlTx, now_us: int, actor: str, action: Action, before: Incident | None, one: Incident, text: str
) -> None:
    """Put a change of an incident on the trail of its release, with what it became, or what whoever signed or closed
    it saw."""
    tx.append_audit(
        Draft(
            at_us=now_us,
            actor=actor,
            action=action,
            subject=one.release,
            before=_digest(before) if before is not None else "",
            after=_digest(one),
            reason=f"{one.id}: {text}",
            evidence=_json(before or one) if action in _SHOWN else "",
        )
    )


def _digest(one: Incident) -> str:
    return hashlib.sha256(_json(one).encode()).hexdigest()


def _json(one: Incident) -> str:
    return msgspec.json.encode(one, order="sorted").decode()
