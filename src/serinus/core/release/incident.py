"""An incident: what remains to be done after a candidate was taken back, and who did it (product.md J6, K1, K2)."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.errors import Conflict
from serinus.core.pipeline.incidents import SignOff
from serinus.core.release.release import Release
from serinus.core.release.trigger import Severity, Trigger

IncidentKind = Literal["rollback", "rejection"]
NoteKind = Literal["note", "hypothesis", "action", "review"]
NOTE_KINDS: tuple[NoteKind, ...] = ("note", "hypothesis", "action", "review")
MOST_NOTES = 200
COUNT_AFTER_S = 600.0
"""Calls that were under way end, and their records arrive, before the exposed are counted by themselves."""
_US_PER_S = 1_000_000
_PREFIX = "inc_"

CLOCK: dict[str, tuple[float, str]] = {
    "rerouted": (0.0, "everybody is rerouted to the baseline"),
    "confirmed": (120.0, "every gateway confirms the baseline at 100 %"),
    "on_call": (300.0, "on-call confirms; the leads are told"),
    "hypothesis": (900.0, "a hypothesis is noted"),
    "notes": (3600.0, "what happened is noted"),
    "counted": (3600.0, "exposed users and sessions are counted"),
    "review": (172_800.0, "the review is done"),
}
"""The recovery clock of a rollback: seconds after it, and what is done by then (J6)."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the recovery clock, named as in `CLOCK`; `done_at_us` and `escalated_at_us` 0: not yet."""

    name: str
    due_at_us: int
    done_at_us: int = 0
    done_by: str = ""
    escalated_at_us: int = 0

    @property
    def words(self) -> str:
        """What is done by then; the name of one that only a newer Serinus knows."""
        return CLOCK[self.name][1] if self.name in CLOCK else self.name


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wrote, `kind` one of `NOTE_KINDS`."""

    at_us: int
    by: str
    kind: str
    text: str


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A signature for one duty. Of a root cause its class (`cause`); of a regression what guards against it: a `case`
    (`SUITE/CASE`) or a `monitor`, or that it is `waived`."""

    duty: str
    role: str
    by: str
    at_us: int
    text: str
    cause: str = ""
    case: str = ""
    monitor: str = ""
    waived: bool = False


class Exposed(msgspec.Struct, frozen=True, kw_only=True):
    """Who met the candidate: users (units of assignment), their sessions and calls; None: no call log was at hand."""

    units: int
    sessions: int | None
    calls: int | None
    at_us: int
    by: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One of a release, since a release is taken back once: its id is the release's with another prefix. `version` is
    the candidate's name and `digest` its digest; `author` pushed it, `starter` started the release. `seq` counts every
    change. `clock` are the items that apply to it. `sign_off`: the list that was in force when it was opened."""

    id: str
    kind: IncidentKind
    app: str
    release: str
    version: str
    digest: str
    severity: Severity
    trigger: Trigger
    reason: str
    opened_at_us: int
    opened_by: str
    author: str = ""
    starter: str = ""
    seq: int = 1
    sign_off: SignOff = "short"
    clock: tuple[Item, ...] = ()
    notes: tuple[Note, ...] = ()
    signed: tuple[Signed, ...] = ()
    exposed: Exposed | None = None
    closed_at_us: int = 0
    closed_by: str = ""
    closing: str = ""

    @property
    def open(self) -> bool:
        """Whether it waits to be closed."""
        return not self.closed_at_us

    @property
    def count_at_us(self) -> int:
        """When the exposed are counted if nobody has done it before; 0: they were, or there are none."""
        if self.exposed is not None or not any(one.name == "counted" for one in self.clock):
            return 0
        return self.opened_at_us + round(COUNT_AFTER_S * _US_PER_S)

    @property
    def next_at_us(self) -> int:
        """When to look at it next: something is late by then, or the exposed are to be counted; 0: never."""
        if not self.open:
            return 0
        waiting = [one.due_at_us for one in self.clock if not one.done_at_us and not one.escalated_at_us]
        return min([*waiting, *([self.count_at_us] if self.count_at_us else [])], default=0)

    def late(self, now_us: int) -> tuple[Item, ...]:
        """The items of which it has to be told now that they are late, the oldest first."""
        if not self.open:
            return ()
        waiting = (one for one in self.clock if not one.done_at_us and not one.escalated_at_us)
        return tuple(one for one in waiting if one.due_at_us <= now_us)


def incident_id(release: str) -> str:
    """The id of the incident of a release: `inc_…` of `rel_…`."""
    return _PREFIX + release.removeprefix("rel_")


def opened(
    release: Release,
    kind: IncidentKind,
    trigger: Trigger,
    now_us: int,
    actor: str,
    by_person: bool,
    version: str,
    author: str,
) -> Incident:
    """As it begins. A rollback has its whole clock: rerouting is done with it, and where a person made it, somebody
    looks into it already. A rejection, which no user has met, has its review alone (F4)."""
    names = tuple(CLOCK) if kind == "rollback" else ("review",)
    done = {"rerouted", *(["on_call"] if by_person else [])}
    return Incident(
        id=incident_id(release.id),
        kind=kind,
        app=release.app,
        release=release.id,
        version=version,
        digest=release.candidate,
        severity=trigger.severity if kind == "rollback" else "low",
        trigger=trigger,
        reason=release.reason,
        opened_at_us=now_us,
        opened_by=actor,
        author=author,
        starter=release.created_by,
        sign_off=release.plan.incidents.sign_off,
        clock=tuple(
            Item(
                name=name,
                due_at_us=now_us + round(CLOCK[name][0] * _US_PER_S),
                done_at_us=now_us if name in done else 0,
                done_by=actor if name in done else "",
            )
            for name in names
        ),
    )


def done(known: Incident, name: str, now_us: int, who: str) -> Incident:
    """With this item of the clock done; the same one twice is once, and one that it does not have changes nothing."""
    items = tuple(
        msgspec.structs.replace(one, done_at_us=now_us, done_by=who) if one.name == name and not one.done_at_us else one
        for one in known.clock
    )
    return changed(known, clock=items) if items != known.clock else known


def told_late(known: Incident, now_us: int) -> Incident:
    """With all late items marked as told."""
    late = {one.name for one in known.late(now_us)}
    return changed(
        known,
        clock=tuple(
            msgspec.structs.replace(one, escalated_at_us=now_us) if one.name in late else one for one in known.clock
        ),
    )


def noted(known: Incident, note: Note) -> Incident:
    """With a note, and the items that it does: a hypothesis, the notes, the review. Conflict when it is closed, or has
    more notes than anybody reads."""
    check_open(known)
    if len(known.notes) >= MOST_NOTES:
        raise Conflict(
            f"it has {MOST_NOTES} notes already", where="incident", mend="keep the rest where your team writes"
        )
    found = changed(known, notes=(*known.notes, note))
    item = {"note": "notes", "action": "notes"}.get(note.kind, note.kind)
    return msgspec.structs.replace(done(found, item, note.at_us, note.by), seq=known.seq + 1)


def closed(known: Incident, now_us: int, who: str, reason: str) -> Incident:
    """Closed; the clock stops."""
    check_open(known)
    return changed(known, closed_at_us=now_us, closed_by=who, closing=reason)


def changed(known: Incident, **values: object) -> Incident:
    """With these values, as one more change."""
    return msgspec.structs.replace(known, seq=known.seq + 1, **values)


def check_open(known: Incident) -> None:
    """Conflict when it is closed."""
    if not known.open:
        raise Conflict(f"{known.closed_by} closed it", where="incident", mend="what is closed stays as it is")
