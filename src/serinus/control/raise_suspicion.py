"""Raise a suspicion about a call, by a person."""

from __future__ import annotations

from serinus.control.change import change_release
from serinus.control.lookup import release_of
from serinus.control.take_in_suspicions import take_in
from serinus.core.audit.entry import Action
from serinus.core.decision.suspected import TRIGGER, asked
from serinus.core.errors import InvalidInput
from serinus.core.records import call_id
from serinus.core.records.suspicion import CATEGORY, kind_of, raised
from serinus.core.release.release import Hold
from serinus.core.release.suspicion import Suspicion
from serinus.core.release.table import State
from serinus.core.release.transitions import paused
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def raise_suspicion(
    store: ControlStore, now_us: int, actor: str, call: str, kind: str, category: str = "", reason: str = ""
) -> Suspicion:
    """The suspicion. A release whose candidate gave the answer, and is seen by users, is paused in the same
    transaction. What is suspected of the call already stays as it is. InvalidInput for a call that is not of this
    project, a kind that does not exist, and a category that is no word."""
    suspected = kind_of(kind)
    check_category(category)

    def work(tx: ControlTx) -> Suspicion:
        raw = call_id.raw_of(call)
        app = call_id.app_of(bytes.fromhex(tx.secrets().mac_key), [one.config.name for one in tx.apps()], raw)
        found = raised(raw, app, suspected, actor, category, now_us)
        known = tx.suspicion(found.id)
        if known is not None:
            return known
        one = take_in(tx, now_us, found, actor, reason)
        if one.holds:
            _pause(tx, now_us, actor, one)
        return one

    return run(store, work)


def check_category(category: str) -> None:
    """InvalidInput for what is no word; empty is none."""
    if not CATEGORY.fullmatch(category):
        raise InvalidInput(
            f"{category[:60]!r} is no category", where="category", mend="up to 40 of a-z 0-9 _ . -, or leave it out"
        )


def _pause(tx: ControlTx, now_us: int, actor: str, one: Suspicion) -> None:
    before = release_of(tx, one.release)
    if before.state is State.PAUSED:
        return
    why = f": {one.reason}" if one.reason else ""
    text = asked((one,), before.plan.suspicions.confirm_within_s) + why
    following = paused(before, Hold(trigger=TRIGGER, reason=text, at_us=now_us), tx.revision() + 1)
    change_release(tx, now_us, actor, Action.RELEASE_PAUSED, before, following)
