"""The timeline of an incident: all that happened, in order of time."""

from __future__ import annotations

import msgspec

from serinus.core.release.incident import Incident, Item, Note, Signed

_NOTES = {"note": "noted", "hypothesis": "suspects", "action": "did", "review": "reviewed"}


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened: when, by whom, and what in a sentence."""

    at_us: int
    by: str
    what: str


def timeline(incident: Incident) -> tuple[Moment, ...]:
    """From its opening on, oldest first; what happened in one moment in the order of the clock."""
    found = [Moment(at_us=incident.opened_at_us, by=incident.opened_by, what=incident.reason)]
    for item in incident.clock:
        found += _item(item)
    found += [_note(one) for one in incident.notes]
    found += [_signature(one) for one in incident.signed]
    if incident.closed_at_us:
        found.append(Moment(at_us=incident.closed_at_us, by=incident.closed_by, what=f"closed it: {incident.closing}"))
    return tuple(sorted(found, key=lambda one: one.at_us))


def _item(item: Item) -> list[Moment]:
    found = []
    if item.escalated_at_us:
        found.append(Moment(at_us=item.escalated_at_us, by="tick", what=f"told on-call and leads: late: {item.words}"))
    if item.done_at_us:
        found.append(Moment(at_us=item.done_at_us, by=item.done_by, what=f"done: {item.words}"))
    return found


def _note(note: Note) -> Moment:
    return Moment(at_us=note.at_us, by=note.by, what=f"{_NOTES.get(note.kind, note.kind)}: {note.text}")


def _signature(one: Signed) -> Moment:
    said = [one.cause, one.case, f"monitor {one.monitor}" if one.monitor else "", "waived" if one.waived else ""]
    which = ", ".join(word for word in said if word)
    about = f" ({which})" if which else ""
    return Moment(at_us=one.at_us, by=one.by, what=f"signed {one.duty}{about} as {one.role}: {one.text}")
