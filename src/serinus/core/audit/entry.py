"""Audit entries and their chain: each entry's hash covers the one before it."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable

import msgspec

GENESIS = "0" * 64


class Action(enum.StrEnum):
    """What was done, as `subject:object:verb`: actor kind, thing, deed."""

    APP_CONFIGURED = "person:app:configure"
    ENDPOINT_CONFIGURED = "person:endpoint:configure"
    VERSION_PUSHED = "person:version:push"
    VERSION_MADE_LIVE = "person:app:make_live"
    RELEASE_CREATED = "person:release:create"
    RELEASE_STARTED = "person:release:start"
    RELEASE_PAUSED = "person:release:pause"
    RELEASE_RESUMED = "person:release:resume"
    RELEASE_ABORTED = "person:release:abort"
    RELEASE_ROLLED_BACK = "person:release:roll_back"
    RELEASE_APPROVED = "person:release:approve"
    RELEASE_REJECTED = "person:release:reject"
    STAGE_RERUN = "person:release:rerun"
    VERSION_SIGNED = "person:version:sign"
    DATA_SET_STORED = "person:data_set:store"
    SUITE_STORED = "person:suite:store"
    OVERRIDE_SET = "person:override:set"
    OVERRIDE_CLEARED = "person:override:clear"
    FREEZE_ON = "person:project:freeze"
    FREEZE_OFF = "person:project:unfreeze"
    RELEASE_QUEUED = "person:release:queue"
    RELEASE_UNQUEUED = "person:release:unqueue"
    KEY_CREATED = "person:key:create"
    KEY_REVOKED = "person:key:revoke"
    TEXTS_ERASED = "person:unit:erase"
    TEXTS_READ = "person:texts:read"
    ANSWER_PROPOSED = "person:answer:propose"
    ANSWER_APPROVED = "person:answer:approve"
    ANSWER_REMOVED = "person:answer:remove"
    ANSWERS_PURGED = "tick:answer:purge"
    NOTICE_ACKNOWLEDGED = "person:notice:acknowledge"
    SUSPICION_RAISED = "person:suspicion:suspect"
    SUSPICION_CONFIRMED = "person:suspicion:confirm_violation"
    SUSPICION_DISMISSED = "person:suspicion:dismiss"
    SUSPICION_REVIEWED = "person:suspicion:review"
    INCIDENT_OPENED = "person:incident:open"
    INCIDENT_CONFIRMED = "person:incident:confirm"
    INCIDENT_NOTED = "person:incident:note"
    INCIDENT_COUNTED = "person:incident:count"
    INCIDENT_SIGNED = "person:incident:sign"
    INCIDENT_CLOSED = "person:incident:close"
    TICK_INCIDENT = "tick:incident:open"
    TICK_COUNTED = "tick:incident:count"
    TICK_LATE = "tick:incident:late"
    TICK_SUSPECTED = "tick:suspicion:suspect"
    TICK_WITNESSED = "tick:suspicion:witness"
    TICK_STARTED = "tick:release:start"
    TICK_UNQUEUED = "tick:release:unqueue"
    TICK_ENTERED = "tick:release:enter"
    TICK_MEASURED = "tick:release:measure"
    TICK_REQUESTED = "tick:release:request_approval"
    TICK_CALIBRATED = "tick:release:calibrate"
    TICK_ADVANCED = "tick:release:advance"
    TICK_PAUSED = "tick:release:pause"
    TICK_RESUMED = "tick:release:resume"
    TICK_REJECTED = "tick:release:reject"
    TICK_ROLLED_BACK = "tick:release:roll_back"
    TICK_GAP = "tick:release:gap"
    TICK_MIX = "tick:release:mix"
    TICK_CONFIRMED = "tick:release:confirm"
    TICK_PROMOTED = "tick:release:promote"
    TICK_ESCALATED = "tick:notice:escalate"
    TICK_GAVE_UP = "tick:notice:give_up"
    MONITOR_RECOVERED = "tick:monitor:recover"
    MONITOR_ALERTED = "tick:monitor:alert"
    MONITOR_CRITICAL = "tick:monitor:critical"
    MONITOR_WITHOUT_DATA = "tick:monitor:no_data"
    JUDGE_HELD_BACK = "tick:judge:hold_back"
    LEADER_CHANGED = "tick:leader:change"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An entry before it has its place in the chain. `before` and `after` are digests of the thing; `evidence` is the
    JSON text the decision used (its digest is chained). Never a secret, never personal text."""

    at_us: int
    actor: str
    action: Action
    subject: str
    before: str = ""
    after: str = ""
    reason: str = ""
    evidence: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A chained entry. `hash` = SHA-256 over the JSON (sorted keys, UTF-8) of all other fields but `evidence`, whose
    digest stands in for it."""

    seq: int
    at_us: int
    actor: str
    action: str
    subject: str
    before: str
    after: str
    reason: str
    evidence_digest: str
    previous: str
    hash: str
    evidence: str = ""


def _hash(fields: dict[str, object]) -> str:
    return hashlib.sha256(msgspec.json.encode(fields, order="sorted")).hexdigest()


def _covered(entry: Entry) -> dict[str, object]:
    return {k: v for k, v in msgspec.structs.asdict(entry).items() if k not in ("hash", "evidence")}


def chain(draft: Draft, previous: Entry | None) -> Entry:
    """The entry that follows `previous` (None: the first)."""
    entry = Entry(
        seq=previous.seq + 1 if previous else 1,
        at_us=draft.at_us,
        actor=draft.actor,
        action=draft.action.value,
        subject=draft.subject,
        before=draft.before,
        after=draft.after,
        reason=draft.reason,
        evidence_digest=hashlib.sha256(draft.evidence.encode()).hexdigest() if draft.evidence else "",
        previous=previous.hash if previous else GENESIS,
        hash="",
        evidence=draft.evidence,
    )
    return msgspec.structs.replace(entry, hash=_hash(_covered(entry)))


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Where a chain is broken, and how."""

    seq: int
    what: str


def faults(entries: Iterable[Entry], after: Entry | None = None) -> Iterable[Fault]:
    """Every fault of a run of entries: edits, gaps, reordering, altered evidence. Empty when the chain is whole."""
    previous = after
    for entry in entries:
        expected_seq = previous.seq + 1 if previous else 1
        if entry.seq != expected_seq:
            yield Fault(seq=entry.seq, what=f"expected entry {expected_seq}: one or more are missing or out of order")
        if entry.previous != (previous.hash if previous else GENESIS):
            yield Fault(seq=entry.seq, what="does not follow the entry before it")
        if entry.hash != _hash(_covered(entry)):
            yield Fault(seq=entry.seq, what="was edited: its content does not match its hash")
        if entry.evidence_digest != (hashlib.sha256(entry.evidence.encode()).hexdigest() if entry.evidence else ""):
            yield Fault(seq=entry.seq, what="its evidence was edited or removed")
        previous = entry
