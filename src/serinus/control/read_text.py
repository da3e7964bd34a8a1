"""The kept texts of one call, for somebody who may read them; that they were read is on the trail."""

from __future__ import annotations

import msgspec

from serinus.core.audit.entry import Action, Draft
from serinus.core.records import call_id
from serinus.core.records.payload import LoggedPayload
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.payloads import Payloads
from serinus.ports.retry import run


def read_text(store: ControlStore, texts: Payloads, now_us: int, actor: str, call: str) -> LoggedPayload | None:
    """Those of the call with this printed id; None when none are kept, or they were erased. InvalidInput for a text
    that is no call id.

    Nobody reads without an entry: it is stored before this returns, one for each reading, and names the reader, the
    call, its app and its unit's pseudonym, never a word of the text. Where nothing is shown nothing is entered.
    """
    key = call_id.parse(call_id.raw_of(call))
    found = texts.payload(call, key.at_ms * 1000)
    if found is None:
        return None
    whose = msgspec.json.encode({"app": found.app, "unit": found.unit}).decode()

    def work(tx: ControlTx) -> bool:
        if any(one.unit == found.unit for one in tx.erasures(found.at_us - 1)):
            return False
        tx.append_audit(Draft(at_us=now_us, actor=actor, action=Action.TEXTS_READ, subject=call, evidence=whose))
        return True

    return found if run(store, work) else None
