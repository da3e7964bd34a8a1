"""Work on an incident: confirm that on-call has it, note what was found, close it."""

from __future__ import annotations

from collections.abc import Callable

from serinus.control.acknowledge_notice import acknowledged
from serinus.control.open_incident import audit_incident
from serinus.core.audit.entry import Action
from serinus.core.errors import Conflict, InvalidInput, NotFound
from serinus.core.release.incident import (
    NOTE_KINDS,
    Incident,
    Note,
    NoteKind,
    check_open,
    closed,
    done,
    incident_id,
    noted,
)
from serinus.core.release.incident_duty import DUTIES, lacking
from serinus.ports.control_store import ControlStore, ControlTx, Notice, Page
from serinus.ports.retry import run

_WAITING = 100


def confirm_incident(
    store: ControlStore, now_us: int, actor: str, id: str, reason: str, expected_seq: int | None = None
) -> Incident:
    """The incident that on-call has confirmed: somebody looks into it (J6, T+5). The first one stays recorded; to
    confirm it again changes nothing. The urgent notice of its rollback is acknowledged with it. Conflict for one that
    asks for no confirmation, as of a rejection."""

    def work(known: Incident) -> tuple[Incident, str]:
        if not any(one.name == "on_call" for one in known.clock):
            raise Conflict("nobody has to confirm it", where="incident", mend="record its review: `serinus incidents`")
        return done(known, "on_call", now_us, actor), f"{actor} looks into it" + (f": {reason}" if reason else "")

    return _change(store, now_us, actor, id, expected_seq, Action.INCIDENT_CONFIRMED, work)


def note_incident(
    store: ControlStore,
    now_us: int,
    actor: str,
    id: str,
    text: str,
    kind: NoteKind = "note",
    expected_seq: int | None = None,
) -> Incident:
    """The incident with a note: what happened, a hypothesis, an action that was taken, or its review, each of which
    does its item of the clock. InvalidInput without a text; Conflict once it is closed."""
    if kind not in NOTE_KINDS:
        raise InvalidInput(f"{kind[:60]!r} is no kind of note", where="kind", mend=f"use {', '.join(NOTE_KINDS)}")
    if not text.strip():
        raise InvalidInput("no text", where="text", mend="say what was found or done")

    def work(known: Incident) -> tuple[Incident, str]:
        return noted(known, Note(at_us=now_us, by=actor, kind=kind, text=text)), f"{kind} by {actor}: {text}"

    return _change(store, now_us, actor, id, expected_seq, Action.INCIDENT_NOTED, work)


def close_incident(
    store: ControlStore, now_us: int, actor: str, id: str, reason: str, expected_seq: int | None = None
) -> Incident:
    """The incident closed, so that the app may release again. Conflict, with what lacks, until all that its list asks
    for is signed (K1) and, of a rollback, those who met the candidate are counted (K2). InvalidInput without a
    reason."""
    if not reason.strip():
        raise InvalidInput("no reason", where="reason", mend="say what came of it")

    def work(known: Incident) -> tuple[Incident, str]:
        check_open(known)
        if lack := lacking(known):
            words = "; ".join(f"{name}: {DUTIES[name].title}" for name in lack)
            raise Conflict(
                f"not signed yet: {words}", where="incident", mend=f"`serinus incidents sign {known.id} {lack[0]}`"
            )
        if known.kind == "rollback" and known.exposed is None:
            raise Conflict(
                "whom the candidate met is not counted yet, and afterwards nobody would",
                where="incident",
                mend=f"`serinus incidents count {known.id}`",
            )
        return closed(known, now_us, actor, reason), f"{actor} closed it: {reason}"

    return _change(store, now_us, actor, id, expected_seq, Action.INCIDENT_CLOSED, work)


def incident_of(tx: ControlTx, id: str, expected_seq: int | None = None) -> Incident:
    """The incident of this id, or of the release of this id; NotFound when there is none, Conflict when it is not at
    `expected_seq` any more."""
    found = tx.incident(incident_id(id) if id.startswith("rel_") else id)
    if found is None:
        raise NotFound(f"no incident {id[:60]!r}", where="incident", mend="list them: `serinus incidents`")
    if expected_seq is not None and found.seq != expected_seq:
        raise Conflict(
            f"the incident is at seq {found.seq}, not {expected_seq}",
            where="seq",
            mend=f"look at it again: `serinus incidents show {found.id}`",
        )
    return found


def _change(
    store: ControlStore,
    now_us: int,
    actor: str,
    id: str,
    expected_seq: int | None,
    action: Action,
    work: Callable[[Incident], tuple[Incident, str]],
) -> Incident:
    def changing(tx: ControlTx) -> Incident:
        known = incident_of(tx, id)
        following, text = work(known)
        if following is known:
            return known
        incident_of(tx, id, expected_seq)
        tx.put_incident(following)
        audit_incident(tx, now_us, actor, action, known, following, text)
        if action is Action.INCIDENT_CLOSED:
            _tell(tx, now_us, actor, following, text)
        if action is Action.INCIDENT_CONFIRMED:
            _acknowledge(tx, now_us, actor, following)
        return following

    return run(store, changing)


def _acknowledge(tx: ControlTx, now_us: int, actor: str, one: Incident) -> None:
    """Who looks into the incident has seen the rollback: nobody is told that they have not."""
    waiting, _ = tx.notices(Page(limit=_WAITING), one.app, waiting=True)
    for notice in waiting:
        if notice.release == one.release and notice.kind == "roll_back":
            acknowledged(tx, now_us, actor, notice, f"confirmed {one.id}")


def _tell(tx: ControlTx, now_us: int, actor: str, one: Incident, text: str) -> None:
    tx.enqueue(
        Notice(
            release=one.release,
            seq=one.seq,
            kind="close_incident",
            subject=one.id,
            body=text,
            at_us=now_us,
            app=one.app,
            actor=actor,
        )
    )
