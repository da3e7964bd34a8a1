"""The kept texts of a call as the event log holds them: one row per call, apart from the calls themselves."""

from __future__ import annotations

import msgspec

from serinus.core.records import call_id
from serinus.core.records.record import Payload


class LoggedPayload(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `call` is the printed call id, `unit` the pseudonym in hex; `request` and `answer` JSON text, redacted
    before they were written; `cut`: one of them was too long. `version`: the digest of the version that served; empty
    where none did, or an older gateway did not tell."""

    call: str
    app: str
    unit: str
    at_us: int
    request: str
    answer: str
    cut: bool
    version: str = ""


def row(record: Payload) -> LoggedPayload:
    """The row of a Payload."""
    return LoggedPayload(
        call=call_id.text(record.call),
        app=record.app,
        unit=call_id.parse(record.call).unit.hex(),
        at_us=record.at_us,
        request=record.request.decode("utf-8", "replace"),
        answer=record.answer.decode("utf-8", "replace"),
        cut=record.cut,
        version=record.version.hex() if any(record.version) else "",
    )
