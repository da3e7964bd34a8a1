"""What a person may do about an incident, each on a page of its own."""

from __future__ import annotations

from urllib.parse import quote

from serinus.console.form import Form
from serinus.console.page import Desk
from serinus.console.parts import Parts
from serinus.console.plain_act import Carry, Choice, Facts, Plain
from serinus.console.visitor import Visitor
from serinus.control.answer_incident import close_incident, confirm_incident, incident_of, note_incident
from serinus.control.count_incident import count_incident
from serinus.control.sign_incident import Word, sign_incident
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput
from serinus.core.release.incident import NOTE_KINDS, NoteKind
from serinus.core.release.incident_duty import CAUSES, DUTIES
from serinus.ports.control_store import ControlStore

_KINDS: dict[NoteKind, str] = {
    "note": "what happened",
    "hypothesis": "a hypothesis",
    "action": "an action taken",
    "review": "the review",
}
_FIELDS: dict[str, tuple[Choice, ...]] = {
    "root_cause": (Choice(name="cause", label="Class", options=tuple((c, c.replace("_", " ")) for c in CAUSES)),),
    "regression": (
        Choice(name="case", label="Case, as SUITE/CASE"),
        Choice(name="monitor", label="Or a monitor, for slowness and providers"),
        Choice(name="waive", label="Or none", options=(("", "no"), ("yes", "waive: provider or false alarm"))),
    ),
}


def incident_acts(parts: Parts) -> dict[str, Plain]:
    """The acts by their path."""
    return {
        "/incidents/{id}/confirm": Plain(
            name="confirm_incident",
            operation=Operation.CONFIRM_INCIDENT,
            button="I look into it",
            title="Confirm this incident",
            says="You tell the others that on-call looks into it.",
            do=_confirm,
            facts=_facts,
            back=_back,
            tone="primary",
        ),
        "/incidents/{id}/note": Plain(
            name="note_incident",
            operation=Operation.NOTE_INCIDENT,
            button="Note it",
            title="Note something about this incident",
            says="What you write stays for good: no texts of users, no secrets.",
            do=_note,
            facts=_facts,
            back=_back,
            tone="primary",
            choices=(Choice(name="kind", label="It is", options=tuple(_KINDS.items())),),
        ),
        "/incidents/{id}/count": Plain(
            name="count_incident",
            operation=Operation.COUNT_INCIDENT,
            button="Count",
            title="Count who met the candidate",
            says="Users, sessions and calls as they are known now; an earlier count is replaced.",
            do=_counting(parts),
            facts=_facts,
            back=_back,
            tone="primary",
        ),
        "/incidents/{id}/close": Plain(
            name="close_incident",
            operation=Operation.CLOSE_INCIDENT,
            button="Close the incident",
            title="Close this incident",
            says="Its clock stops, and where the plan lets releases wait for it, they may start again. It is refused "
            "until all that its list asks for is signed, and those who met the candidate are counted.",
            do=_close,
            facts=_facts,
            back=_back,
            tone="primary",
        ),
        **{f"/incidents/{{id}}/sign/{duty}": _signing(duty) for duty in DUTIES},
    }


def _signing(duty: str) -> Plain:
    return Plain(
        name="sign_incident",
        operation=Operation.SIGN_INCIDENT,
        button="Sign",
        title=f"Sign that {DUTIES[duty].title}",
        says="You answer for it with your name. By the full list one identity signs in one role, and neither the "
        "author of the version nor who started the release."
        + (" Whether the case fails and passes as it should is your word." if duty == "regression" else ""),
        do=_sign(duty),
        facts=_facts,
        back=_back,
        tone="primary",
        choices=_FIELDS.get(duty, ()),
    )


def _confirm(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
    return confirm_incident(store, now_us, visitor.actor, place["id"], form.reason())


def _note(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
    asked = form.text("kind")
    kind = next((one for one in NOTE_KINDS if one == asked), None)
    if kind is None:
        raise InvalidInput(f"{asked[:60]!r} is no kind of note", where="kind", mend="choose one of the list")
    return note_incident(store, now_us, visitor.actor, place["id"], form.reason(), kind)


def _counting(parts: Parts) -> Carry:
    def count(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        return count_incident(store, parts.telemetry, parts.calls, now_us, visitor.actor, place["id"])

    return count


def _sign(duty: str) -> Carry:
    def sign(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        word = Word(
            reason=form.reason(),
            cause=form.text("cause"),
            case=form.text("case"),
            monitor=form.text("monitor"),
            waive=form.text("waive") == "yes",
        )
        return sign_incident(store, now_us, visitor.actor, visitor.key.roles, place["id"], duty, word)

    return sign


def _close(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
    return close_incident(store, now_us, visitor.actor, place["id"], form.reason())


def _back(place: dict[str, str]) -> str:
    return f"/incidents/{quote(place['id'], safe='')}"


def _facts(desk: Desk, place: dict[str, str]) -> Facts:
    with desk.parts.control.tx() as tx:
        one = incident_of(tx, place["id"])
    return [
        ("Incident", f"{one.severity}, of {one.version or one.release} ({one.app})"),
        ("Why", one.reason),
        ("It is", "open" if one.open else f"closed by {one.closed_by}"),
    ]
