"""Propose an answer that may stand in where no version answers (J5). Nobody is told it before a person approves."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.control.answer_cache import served_versions
from serinus.control.lookup import app_of, version_of
from serinus.control.start_release import active_release
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import Conflict, NotFound
from serinus.core.pipeline.stored_answer import Origin, StoredAnswer, answer_id, check_texts
from serinus.core.records import call_id
from serinus.core.records.call import Call
from serinus.core.records.payload import LoggedPayload
from serinus.core.wire.redaction import Redaction
from serinus.ports.control_store import ControlStore, ControlTx, StoredVersion
from serinus.ports.event_log import CallQuery, CallReader
from serinus.ports.payloads import Payloads
from serinus.ports.retry import run

MOST_PROPOSALS = 500
"""Of an app that wait for approval."""
_BY_ITSELF = frozenset({"none", "retry"})
_WHOLE = frozenset({"stop", "end_turn", ""})


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked and answered in a call that may become an entry."""

    question: str
    answer: str


def propose_text(
    store: ControlStore, now_us: int, actor: str, app: str, question: str, answer: str, language: str, version: str = ""
) -> tuple[StoredAnswer, bool]:
    """Texts that a person wrote, for a version of the app that is served (by default the live one); and whether they
    are new: the same texts again are the entry that is there."""
    check_texts(question, answer, language)

    def work(tx: ControlTx) -> tuple[StoredAnswer, bool]:
        of = _served(tx, app, version)
        return _proposed(
            tx, now_us, actor, of, app, Texts(question=question, answer=answer), language, "text", None, ""
        )

    return run(store, work)


def kept_call(log: CallReader, payloads: Payloads, call: str) -> tuple[Call, LoggedPayload]:
    """The record of a call and its texts; NotFound without either, InvalidInput for a text that is no call id."""
    found = payloads.payload(call, call_id.parse(call_id.raw_of(call)).at_ms * 1000)
    rows = log.calls(CallQuery(call=call)) if found is not None else []
    if found is None or not rows:
        raise NotFound(
            "no texts of this call are kept",
            where="call",
            mend="only those of `payload_share` of the calls are, for `payload_days`, and not after an erasure",
        )
    return rows[0], found


def propose_found(
    store: ControlStore, now_us: int, actor: str, row: Call, found: LoggedPayload, language: str, *, why: str = "picked"
) -> tuple[StoredAnswer, bool]:
    """The texts of a call that a person picked, or that scored high (`why`), and whether they are new. Conflict when it
    cannot stand for others: not a first turn, with variables, tools or pictures, fallen back, failed, cut, against a
    rule, with something personal taken out of it, or of a version that is not served now.

    Its texts are read then, so that is on the trail as any reading is."""

    def work(tx: ControlTx) -> tuple[StoredAnswer, bool]:
        state = app_of(tx, row.app)
        if any(one.unit == found.unit for one in tx.erasures(found.at_us - 1)):
            raise NotFound("the texts of this call were erased", where="call", mend="pick another call")
        texts = texts_of(row, found, Redaction(state.config.redact, state.config.redact_patterns))
        check_texts(texts.question, texts.answer, language)
        whose = msgspec.json.encode({"app": found.app, "unit": found.unit}).decode()
        tx.append_audit(Draft(at_us=now_us, actor=actor, action=Action.TEXTS_READ, subject=row.call, evidence=whose))
        version = _served(tx, row.app, row.version)
        return _proposed(tx, now_us, actor, version, row.app, texts, language, "call", found, why)

    return run(store, work)


def texts_of(row: Call, found: LoggedPayload, redaction: Redaction) -> Texts:
    """Question and answer of a call that can stand for others; Conflict says why it cannot."""
    fault = _fault_of(row) or ("its texts are too long to be kept whole" if found.cut else "")
    if fault:
        raise Conflict(f"this answer cannot stand for others: {fault}", where="call", mend="pick another call")
    request, answer = _object(found.request), _object(found.answer)
    messages, texts = request.get("messages"), answer.get("texts")
    if request.get("variables"):
        raise _unfit("the call has variables, which no approved question has")
    if not isinstance(messages, list) or len(messages) != 1 or messages[0].get("role") != "user":
        raise _unfit("it is not the first turn of a conversation")
    question = messages[0].get("content")
    if not isinstance(question, str):
        raise _unfit("its question is not a text alone")
    if answer.get("tools"):
        raise _unfit("the answer used tools")
    if not isinstance(texts, list) or len(texts) != 1 or not isinstance(texts[0], str):
        raise _unfit("it has not exactly one answer")
    if redaction.marks(question) or redaction.marks(texts[0]):
        raise _unfit("something personal was taken out of its texts")
    return Texts(question=question, answer=texts[0])


def _fault_of(row: Call) -> str:
    """What in the record of a call says that its answer is none to repeat; empty: nothing."""
    if row.status != 200 or row.error != "none" or row.events or row.rules:
        told = ", ".join(one for one in (row.error, *row.events, *row.rules) if one != "none")
        return f"the call failed or was complained about ({told or row.status})"
    if row.rung not in _BY_ITSELF:
        return f"it was answered by fallback {row.rung}"
    return "" if row.finish in _WHOLE else f"the answer ended by {row.finish}"


def _unfit(why: str) -> Conflict:
    return Conflict(f"this answer cannot stand for others: {why}", where="call", mend="pick another call")


def _object(raw: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _served(tx: ControlTx, app: str, ref: str) -> StoredVersion:
    """The version, if callers are served by it; by default the live one."""
    state = app_of(tx, app)
    if state.config.fallback_cached is None:
        raise Conflict(
            f"{app} has no cached answers", where="app.fallback_cached", mend="declare `fallback_cached: {}` first"
        )
    served = served_versions(tx, state, active_release(tx, app))
    if not ref:
        live = next((one for one in served if one.digest == state.live), None)
        if live is None:
            raise Conflict(f"{app} has no live version", where="version", mend="name the one whose answer this is")
        return live
    wanted = version_of(tx, app, ref)
    if wanted.digest not in {one.digest for one in served}:
        raise Conflict(
            f"{wanted.name} is not served, so that its answers would reach nobody",
            where="version",
            mend="the live version and a candidate that users get have cached answers",
        )
    return wanted


def _proposed(
    tx: ControlTx,
    now_us: int,
    actor: str,
    version: StoredVersion,
    app: str,
    texts: Texts,
    language: str,
    origin: Origin,
    found: LoggedPayload | None,
    why: str,
) -> tuple[StoredAnswer, bool]:
    id = answer_id(app, version.behaviour, language, texts.question, texts.answer)
    known = tx.stored_answer(id)
    if known is not None:
        return known, False
    if tx.count_proposals(app) >= MOST_PROPOSALS:
        raise Conflict(
            f"{MOST_PROPOSALS} answers of {app} wait for approval", where="app", mend="approve or remove some first"
        )
    one = StoredAnswer(
        id=id,
        app=app,
        version=version.digest,
        behaviour=version.behaviour,
        question=texts.question,
        answer=texts.answer,
        language=language,
        origin=origin,
        call=found.call if found else "",
        unit=found.unit if found else "",
        why=why,
        proposed_at_us=now_us,
        proposed_by=actor,
    )
    tx.put_stored_answer(one)
    reason = f"{app}: {why or 'written'}"
    tx.append_audit(
        Draft(at_us=now_us, actor=actor, action=Action.ANSWER_PROPOSED, subject=id, after=id, reason=reason)
    )
    return one, True
