"""What a person may do about cached answers: propose one on a call's page, approve and remove on the app's."""

from __future__ import annotations

from urllib.parse import quote

from serinus.console.form import Form
from serinus.console.page import Desk
from serinus.console.plain_act import Facts, Plain
from serinus.console.visitor import Visitor
from serinus.control.approve_answer import answer_of, approve_answer, remove_answer
from serinus.control.propose_answer import kept_call, propose_found
from serinus.core.access import Operation
from serinus.core.errors import StoreUnavailable
from serinus.core.records import call_id
from serinus.ports.control_store import ControlStore


def answer_acts(desk: Desk) -> dict[str, Plain]:
    """The acts by their path."""

    def propose(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
        calls, payloads = desk.parts.calls, desk.parts.payloads
        if calls is None or payloads is None:
            raise StoreUnavailable("this process does not know where calls are kept", mend="start it with --segments")
        row, found = kept_call(calls, payloads, place["call"])
        return propose_found(store, now_us, visitor.actor, row, found, "", why=form.reason())

    return {
        "/calls/{call}/cache": Plain(
            name="propose_answer",
            operation=Operation.PROPOSE_ANSWER,
            button="Propose the answer",
            title="Propose this answer for when no version has one",
            says="Once somebody has approved it, users who ask the same or nearly the same are told it when every "
            "version fails. Only a first question without variables, tools or anything personal can be proposed.",
            do=propose,
            facts=_call_facts,
            back=lambda place: f"/calls/{quote(place['call'], safe='')}",
        ),
        "/apps/{app}/cached-answers/{id}/approve": Plain(
            name="approve_answer",
            operation=Operation.APPROVE_ANSWER,
            button="Approve the answer",
            title="Approve this cached answer",
            says="Users who ask this or nearly this are told it, word for word, whenever no version answers.",
            do=_approve,
            facts=_facts,
            back=_list_path,
            tone="primary",
        ),
        "/apps/{app}/cached-answers/{id}/remove": Plain(
            name="remove_answer",
            operation=Operation.REMOVE_ANSWER,
            button="Take it out",
            title="Take out this cached answer",
            says="Nobody is told it any more. Its entries on the audit trail stay.",
            do=_remove,
            facts=_facts,
            back=_list_path,
            tone="danger",
        ),
    }


def _approve(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
    return approve_answer(store, now_us, visitor.actor, place["id"], form.reason())


def _remove(store: ControlStore, now_us: int, visitor: Visitor, place: dict[str, str], form: Form) -> object:
    return remove_answer(store, now_us, visitor.actor, place["id"], form.reason())


def _list_path(place: dict[str, str]) -> str:
    return f"/apps/{quote(place['app'], safe='')}/cached-answers"


def _call_facts(_: Desk, place: dict[str, str]) -> Facts:
    found = call_id.parse(call_id.raw_of(place["call"]))
    return [("Call", place["call"]), ("Arm", found.arm.label)]


def _facts(desk: Desk, place: dict[str, str]) -> Facts:
    with desk.parts.control.tx() as tx:
        one = answer_of(tx, place["id"])
    who = f"{one.proposed_by}: {one.why or 'written'}"
    return [
        ("Question", one.question),
        ("Answer", one.answer),
        ("Language", one.language or "any"),
        ("Proposed by", who),
        ("It is", f"approved by {one.approved_by}" if one.approved_at_us else "proposed"),
    ]
