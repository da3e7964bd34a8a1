"""Approve a proposed answer, so that gateways may give it; or take one out again."""

from __future__ import annotations

import msgspec

from serinus.control.answer_cache import drop, within_bounds
from serinus.control.lookup import app_of
from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import Conflict, NotFound
from serinus.core.judging.fallback_fit import answer_fault
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.core.routing.cached import MOST, MOST_BYTES
from serinus.core.versions.content import parse_content
from serinus.core.wire import policy
from serinus.core.wire.format_rule import breaks
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def approve_answer(store: ControlStore, now_us: int, actor: str, id: str, reason: str) -> StoredAnswer:
    """The entry, approved and published; the second time it stays as it is.

    Conflict when callers could not take it (not in the format of the version or the app, against one of the app's
    rules), when another answer to the same question is approved, or when the app has as many as it may.
    """

    def work(tx: ControlTx) -> StoredAnswer:
        one = answer_of(tx, id)
        if one.approved_at_us:
            return one
        config = app_of(tx, one.app).config
        _check_fit(tx, config, one)
        _check_room(one, tx.approved_answers(one.app, {one.behaviour}))
        approved = msgspec.structs.replace(one, approved_at_us=now_us, approved_by=actor)
        tx.put_stored_answer(approved)
        tx.append_audit(
            Draft(at_us=now_us, actor=actor, action=Action.ANSWER_APPROVED, subject=id, after=id, reason=reason)
        )
        publish(tx, now_us)
        return approved

    return run(store, work)


def remove_answer(store: ControlStore, now_us: int, actor: str, id: str, reason: str) -> StoredAnswer:
    """Take an entry out, approved or not; nobody is told it from now on. NotFound when it is not there."""

    def work(tx: ControlTx) -> StoredAnswer:
        one = answer_of(tx, id)
        drop(tx, now_us, actor, Action.ANSWER_REMOVED, [one], reason)
        if one.approved_at_us:
            publish(tx, now_us)
        return one

    return run(store, work)


def answer_of(tx: ControlTx, id: str) -> StoredAnswer:
    """The entry; NotFound when there is none."""
    found = tx.stored_answer(id)
    if found is None:
        raise NotFound(f"no cached answer {id!r}", where="answer", mend="`serinus cache list APP` shows them")
    return found


def _check_fit(tx: ControlTx, config: AppConfig, one: StoredAnswer) -> None:
    version = next(iter(tx.versions_of([one.version])), None)
    fault = answer_fault(parse_content(version.content), one.answer) if version else ""
    if not fault and config.format_rule is not None and breaks(config.format_rule, one.answer):
        fault = "it is not in the app's `format`"
    broken = policy.broken(config.rules, (one.answer,), ())
    if broken:
        fault = f"it breaks rule {broken[0].name}"
    if fault:
        raise Conflict(f"nobody may be told this answer: {fault}", where="answer", mend="propose one that fits")


def _check_room(one: StoredAnswer, approved: list[StoredAnswer]) -> None:
    same = next((other for other in approved if (other.asked, other.language) == (one.asked, one.language)), None)
    if same is not None:
        raise Conflict(
            f"{same.id} is approved for the same question",
            where="answer",
            mend=f"`serinus cache remove {same.id}` first",
        )
    if len(within_bounds([*approved, one])) <= len(approved):
        raise Conflict(
            f"{one.app} has {len(approved)} approved answers, and {MOST} or {MOST_BYTES // 1024} KiB of texts are all "
            "that gateways take",
            where="answer",
            mend="remove what is asked least",
        )
