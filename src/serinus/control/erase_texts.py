"""Erase the kept texts of a unit's calls."""

from __future__ import annotations

import re

from serinus.control.answer_cache import drop
from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import InvalidInput
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.payloads import Erasure, Payloads
from serinus.ports.retry import run

_UNIT = re.compile(r"[0-9a-f]{16}")


def erase_texts(store: ControlStore, texts: Payloads, now_us: int, actor: str, unit: str, reason: str) -> int:
    """Delete all texts of the unit with this pseudonym up to now; of how many calls. Those that a host still holds go
    when they come (`keep_texts`), and nobody is shown them till then. Cached answers that were made of them go in the
    transaction that notes the erasure, and from gateways with its snapshot.

    The audit entry names the pseudonym alone, so nothing in the chain is ever edited. When deleting cannot begin
    (StoreUnavailable), the erasure is on record all the same and done later.
    """
    if not _UNIT.fullmatch(unit):
        raise InvalidInput(f"{unit!r} is not a pseudonym", where="unit", mend="16 hex digits, as calls show it")
    if not reason.strip():
        raise InvalidInput("no reason", where="reason", mend="say who asked for it, without their name")
    erasure = Erasure(unit=unit, at_us=now_us)

    def work(tx: ControlTx) -> None:
        tx.put_erasure(erasure)
        tx.append_audit(Draft(at_us=now_us, actor=actor, action=Action.TEXTS_ERASED, subject=unit, reason=reason))
        theirs = tx.answers_of(unit=unit)
        drop(tx, now_us, actor, Action.ANSWER_REMOVED, theirs, f"the texts of {unit} were erased")
        if any(one.approved_at_us for one in theirs):
            publish(tx, now_us)

    run(store, work)
    return texts.erase([erasure])
