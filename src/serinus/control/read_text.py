"""The kept texts of one call, for somebody who may read them."""

from __future__ import annotations

from serinus.core.records import call_id
from serinus.core.records.payload import LoggedPayload
from serinus.ports.control_store import ControlStore
from serinus.ports.payloads import Payloads


def read_text(store: ControlStore, texts: Payloads, call: str) -> LoggedPayload | None:
    """Those of the call with this printed id; None when none are kept, or they were erased. InvalidInput for a text
    that is no call id."""
    key = call_id.parse(call_id.raw_of(call))
    found = texts.payload(call, key.at_ms * 1000)
    if found is None:
        return None
    with store.tx() as tx:
        erased = any(one.unit == found.unit for one in tx.erasures(found.at_us - 1))
    return None if erased else found
