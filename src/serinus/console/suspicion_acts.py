"""What a person may do about suspicions: raise one on the page of a call, answer it on the page of its release."""

from __future__ import annotations

from urllib.parse import quote

from serinus.console.form import Form
from serinus.console.page import Desk
from serinus.console.plain_act import Carry, Facts, Field, Plain
from serinus.console.visitor import Visitor
from serinus.control.answer_suspicion import answer_suspicion, release_or_none, suspicion_of
from serinus.control.raise_suspicion import check_category, raise_suspicion
from serinus.core.access import Operation
from serinus.core.records import call_id
from serinus.core.records.suspicion import PATTERN, VIOLATION, Kind
from serinus.core.release.suspicion import WORDS, AnswerWord, standing_of
from serinus.ports.control_store import ControlStore

_PAUSES = (
    "If this is an answer of a candidate that users see now, its release is paused at once. About any other answer the "
    "release channel is told."
)
_CATEGORY = Field(
    name="category",
    label="Category",
    hint="(what kind it is, as one word; may stay empty)",
    pattern=r"[a-z0-9][a-z0-9_.\-]{0,39}",
    longest=40,
    check=check_category,
)


def suspicion_acts() -> dict[str, Plain]:
    """The acts by their path."""
    return {
        "/calls/{call}/suspect": Plain(
            name="suspect",
            operation=Operation.RAISE_SUSPICION,
            button="Suspect a violation",
            title="This answer may break the policy",
            says=f"{_PAUSES} Unless somebody dismisses it in time, the release is rolled back.",
            do=_raising(VIOLATION),
            facts=_call_facts,
            back=_call_path,
            tone="danger",
            field=_CATEGORY,
        ),
        "/calls/{call}/pattern": Plain(
            name="pattern",
            operation=Operation.RAISE_SUSPICION,
            button="Report the pattern",
            title="This is a new adversarial pattern",
            says=f"{_PAUSES} It goes on once the red team has reviewed it and a person resumes it.",
            do=_raising(PATTERN),
            facts=_call_facts,
            back=_call_path,
            tone="danger",
            field=_CATEGORY,
        ),
        "/releases/{release}/suspicions/{id}/confirm": Plain(
            name="confirm_violation",
            operation=Operation.CONFIRM_SUSPICION,
            button="Confirm the violation",
            title="Confirm this policy violation",
            says="The release is rolled back at once: everybody is on the baseline (in a first release: gets the "
            "fallback message). This cannot be undone.",
            do=_answering("confirmed"),
            facts=_facts,
            back=_release_path,
            tone="danger",
        ),
        "/releases/{release}/suspicions/{id}/dismiss": Plain(
            name="dismiss",
            operation=Operation.DISMISS_SUSPICION,
            button="Dismiss",
            title="Dismiss this suspicion",
            says="You say that the answer does not break the policy. The release stays paused until somebody resumes "
            "it. Who wrote the version or started the release cannot do this.",
            do=_answering("dismissed"),
            facts=_facts,
            back=_release_path,
            tone="primary",
        ),
        "/releases/{release}/suspicions/{id}/review": Plain(
            name="review",
            operation=Operation.REVIEW_PATTERN,
            button="Record the review",
            title="Record the red team's review",
            says="You say that the red team has looked at this pattern. The release stays paused until somebody "
            "resumes it, or rolls it back.",
            do=_answering("reviewed"),
            facts=_facts,
            back=_release_path,
            tone="primary",
        ),
    }


def _raising(kind: Kind) -> Carry:
    def carry(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        return raise_suspicion(
            store, now_us, visitor.actor, place["call"], kind, form.text(_CATEGORY.name), form.reason()
        )

    return carry


def _answering(answer: AnswerWord) -> Carry:
    def carry(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        return answer_suspicion(store, now_us, visitor.actor, place["id"], answer, form.reason())

    return carry


def _call_path(place: dict[str, str]) -> str:
    return f"/calls/{quote(place['call'], safe='')}"


def _release_path(place: dict[str, str]) -> str:
    return f"/releases/{quote(place['release'], safe='')}"


def _call_facts(desk: Desk, place: dict[str, str]) -> Facts:
    found = call_id.parse(call_id.raw_of(place["call"]))
    return [("Call", place["call"]), ("Arm", found.arm.label), ("Release", found.release or "none")]


def _facts(desk: Desk, place: dict[str, str]) -> Facts:
    with desk.parts.control.tx() as tx:
        one = suspicion_of(tx, place["id"])
        release = release_or_none(tx, one.release)
    return [
        ("Suspected", WORDS[one.kind] + (f": {one.category}" if one.category else "")),
        ("Call", one.call),
        ("Raised by", " and ".join(one.by) + (f": {one.reason}" if one.reason else "")),
        ("It is", standing_of(one, release)),
    ]
