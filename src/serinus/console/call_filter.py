"""Which calls a visitor asks for: the fields of the filter, checked and in the words of the event log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from serinus.control.lookup import version_of
from serinus.core.errors import InvalidInput
from serinus.core.metrics import event_metric
from serinus.core.records.record import ErrorClass, Rung
from serinus.core.records.score import conversation_text
from serinus.core.routing.assignment import Arm
from serinus.core.routing.conversation import LENGTHS, number_of, pseudonym
from serinus.ports.control_store import ControlTx
from serinus.ports.event_log import CallQuery

FIELDS = (
    "app", "release", "arm", "version", "user", "conversation", "event", "error", "rule", "rung", "worse", "status",
    "slow", "from", "to",
)  # fmt: skip
ARMS = tuple(arm.label for arm in Arm)
RUNGS = tuple(rung.name.lower() for rung in Rung)
WORSE = {"yes": True, "no": False}
ERRORS = tuple(error.name.lower() for error in ErrorClass)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEX16 = re.compile(r"[0-9a-f]{16}")
_CURSOR = re.compile(r"(\d{1,18})\.(call_[A-Za-z0-9_-]{64})")
_NUMBER = re.compile(r"\d{1,7}(\.\d{1,3})?")
_LONGEST = 1000


def filled(asked: Mapping[str, str]) -> dict[str, str]:
    """The fields as the form shows them: empty where nothing was asked."""
    return {name: asked.get(name, "").strip()[:_LONGEST] for name in FIELDS}


def query(tx: ControlTx, asked: dict[str, str], cursor: str, limit: int) -> CallQuery:
    """The question to the log; InvalidInput names the field that is not meant so, NotFound an unknown version."""
    slow_s = asked["slow"]
    return CallQuery(
        app=asked["app"] or None,
        release=asked["release"] or None,
        arm=_known("arm", asked["arm"], ARMS),
        version=_digest(tx, asked["app"], asked["version"]),
        unit=pseudonym(bytes.fromhex(tx.secrets().pseudonym_key), asked["user"]).hex() if asked["user"] else None,
        conversation=_conversation(asked["conversation"]),
        event=event_metric(asked["event"]).name if asked["event"] else None,
        error=_known("error", asked["error"], ERRORS),
        rule=asked["rule"] or None,
        rung=_known("rung", asked["rung"], RUNGS),
        worse=WORSE.get(_known("worse", asked["worse"], tuple(WORSE)) or ""),
        status=int(_number("status", asked["status"])) if asked["status"] else None,
        min_latency_us=round(float(_number("slow", slow_s)) * 1e6) if slow_s else None,
        from_us=_moment("from", asked["from"]),
        to_us=_moment("to", asked["to"]),
        before=_behind(cursor),
        limit=limit,
    )


def _known(name: str, value: str, known: tuple[str, ...]) -> str | None:
    if value and value not in known:
        raise InvalidInput(f"no {name} {value!r}", where=name, mend=f"known: {', '.join(known)}")
    return value or None


def _digest(tx: ControlTx, app: str, ref: str) -> str | None:
    if not ref or _DIGEST.fullmatch(ref):
        return ref or None
    if not app:
        raise InvalidInput("a version's name without its app", where="version", mend="choose the app too")
    return version_of(tx, app, ref).digest


def _conversation(text: str) -> str | None:
    """As in a call's row, or the token that callers send."""
    if not text or _HEX16.fullmatch(text):
        return text or None
    if len(text) not in LENGTHS:
        raise InvalidInput("not a conversation", where="conversation", mend="as a call shows it, or its token")
    return conversation_text(number_of(text))


def _number(name: str, text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise InvalidInput(f"{text!r} is not a number", where=name, mend="write one such as 500 or 2.5")
    return text.split(".")[0] if name == "status" else text


def _moment(name: str, text: str) -> int | None:
    """A moment of UTC as browsers send it (`2026-11-21T01:30`), in µs."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not a time", where=name, mend="write 2026-11-21T01:30, in UTC") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def _behind(cursor: str) -> tuple[int, str] | None:
    if not cursor:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidInput("not a page of calls", where="cursor", mend="begin with the first page")
    return int(found[1]), found[2]
