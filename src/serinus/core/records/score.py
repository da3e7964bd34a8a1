"""A score as the event log keeps it: one row per score, beside the calls.

Whoever sends a score again (a retry, another worker) makes the same row: `score` names it by what it is about, its
metric and its key. The first one written is the one that counts.
"""

from __future__ import annotations

import hashlib
import re

import msgspec

from serinus.core.metrics import REGISTRY
from serinus.core.records import call_id
from serinus.core.records.record import Event, Score

_BITS = {name: metric.event for name, metric in REGISTRY.items() if metric.event}
_DIGEST_BYTES = 16
_CATEGORY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}", re.ASCII)
UNTOLD = "untold"
"""The category of hand-overs whose reason nobody told."""


class LoggedScore(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `score` is its name, `call` the printed call id, empty when it is about a whole conversation: then
    `conversation` is that of the calls' rows, as hex. `called_at_us` is the call's beginning (0: a conversation);
    `arm`, `stratum`, `unit` as in the calls' rows; `value_micro` the value × 10⁶; `text` what a user wrote."""

    score: str
    call: str
    conversation: str
    host: str
    app: str
    release: str
    arm: str
    stratum: int
    unit: str
    called_at_us: int
    at_us: int
    metric: str
    value_micro: int
    source: str
    key: str
    text: str


def event_of(record: Score) -> int:
    """The event bit that a score sets; 0 for none."""
    return _BITS.get(record.metric, 0) if record.value_micro > 0 else 0


def category_of(record: Score) -> str:
    """What a user was handed over for, as a score tells it; empty: it tells of no hand-over."""
    if event_of(record) != Event.ESCALATED:
        return ""
    return record.text if _CATEGORY.fullmatch(record.text) else UNTOLD


def event_key(record: Score) -> bytes:
    """The same 16 bytes for all scores that report one event of one call, or of one conversation."""
    return _digest(b"event", _about(record), record.metric.encode())


def row(record: Score, host: str) -> LoggedScore:
    """The event-log row of a score."""
    key = call_id.parse(record.call)
    whole = record.conversation != 0
    return LoggedScore(
        score=_digest(b"score", _about(record), record.metric.encode(), record.key.encode()).hex(),
        call="" if whole else call_id.text(record.call),
        conversation=conversation_text(record.conversation) if whole else "",
        host=host,
        app=record.app,
        release=key.release,
        arm=key.arm.label,
        stratum=key.stratum,
        unit=key.unit.hex(),
        called_at_us=0 if whole else key.at_ms * 1000,
        at_us=record.at_us,
        metric=record.metric,
        value_micro=record.value_micro,
        source=record.source,
        key=record.key,
        text=record.text,
    )


def conversation_text(number: int) -> str:
    """A conversation as rows name it: 16 hex digits."""
    return f"{number & (2**64 - 1):016x}"


def _about(record: Score) -> bytes:
    if record.conversation:
        return b"conversation\x1f%b\x1f%d" % (record.app.encode(), record.conversation)
    return record.call


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"\x1f".join(parts)).digest()[:_DIGEST_BYTES]
