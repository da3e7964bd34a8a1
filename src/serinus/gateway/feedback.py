"""`POST /v1/feedback`: what a user said of a call or of a conversation, recorded as scores.

What it is about is proven by its MAC: nothing is looked up, and nobody speaks about another app's calls.
"""

from __future__ import annotations

import orjson
import xxhash

from serinus.core.errors import InvalidInput
from serinus.core.records import call_id
from serinus.core.records.feedback import Feedback, marks_of, parse_feedback
from serinus.core.routing import conversation
from serinus.core.routing.assignment import Arm, arm_of, unit_point
from serinus.core.routing.snapshot import Caller
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Request
from serinus.gateway.admission import may_name, parse_body
from serinus.gateway.conversations import began_anonymous
from serinus.gateway.recorder import Recorder
from serinus.gateway.routes import Routes, ServedApp

_NONCE_BYTES = 5
_NO_RELEASE = bytes(16)


def record_feedback(request: Request, caller: Caller, routes: Routes, recorder: Recorder) -> bytes:
    """Record what the request says; the body of the answer. Raises Refusal: then it is to be sent again, as a whole."""
    try:
        feedback = parse_feedback(parse_body(request.body))
    except InvalidInput as error:
        raise Refusal(422, error.code, error.what, param=error.where, mend=error.mend) from None
    if feedback.call_id:
        app, call = _call(feedback.call_id, caller, routes)
        number = 0
    else:
        app, call = _conversation(feedback, request, caller, routes)
        number = conversation.number_of(feedback.conversation)
    marks = marks_of(feedback)
    kept = recorder.spool.has_room and all(recorder.score(call, app, mark, number) for mark in marks)
    if not kept:
        raise Refusal(503, "not_recorded", "the spool has no room", mend="retry", headers=(("retry-after", "1"),))
    recorded = [{"metric": mark.metric, "value": mark.value_micro / 1e6} for mark in marks]
    return orjson.dumps({"object": "feedback", "app": app, "recorded": recorded})


def _call(printed: str, caller: Caller, routes: Routes) -> tuple[str, bytes]:
    try:
        raw = call_id.raw_of(printed)
        app = call_id.app_of(routes.mac_key, routes.apps, raw)
    except InvalidInput as error:
        raise Refusal(422, "invalid_call_id", error.what, param=error.where, mend=error.mend) from None
    _check_app(caller, app)
    return app, raw


def _conversation(feedback: Feedback, request: Request, caller: Caller, routes: Routes) -> tuple[str, bytes]:
    """The app, and a call id that carries release, arm and unit of the conversation. It is the same for the same
    conversation, and that of no call."""
    token = feedback.conversation
    app, (started, unit_hash, at) = _begun(token, routes)
    _check_app(caller, app.name)
    unit = unit_hash.hex() if began_anonymous(token) else _named(feedback, app, caller, request, routes, unit_hash)
    release, arm, stratum = _place(app, unit, started, at)
    nonce = xxhash.xxh3_64_digest(token.encode())[:_NONCE_BYTES]
    return app.name, call_id.make(routes.mac_key, app.encoded, 0, nonce, release, arm, stratum, unit_hash)


def _begun(token: str, routes: Routes) -> tuple[ServedApp, conversation.Beginning]:
    for app in routes.apps.values():
        try:
            return app, conversation.read(routes.mac_key, app.name, token)
        except InvalidInput:
            continue
    raise Refusal(
        422,
        "invalid_conversation",
        "not a conversation token of this project",
        param="conversation",
        mend="copy it whole from x-serinus-conversation, or send a call_id",
    )


def _named(
    feedback: Feedback, app: ServedApp, caller: Caller, request: Request, routes: Routes, unit_hash: bytes
) -> str:
    """The unit's own name, which the token does not hold and assignment needs; the token proves that it is the one."""
    given = request.header(b"x-serinus-unit") if b"x-serinus-unit" in request.headers else feedback.user
    unit = caller.name if app.app.unit == "api_key" else given
    mend = "send `user` as with the conversation's calls, or a call_id instead of the conversation"
    if not unit:
        raise Refusal(422, "unit_missing", "whose conversation it is, is not said", param="user", mend=mend)
    if conversation.pseudonym(routes.pseudonym_key, unit) != unit_hash:
        raise Refusal(422, "unit_mismatch", "the conversation is another user's", param="user", mend=mend)
    return unit


def _place(app: ServedApp, unit: str, started: int, at: int | None) -> tuple[bytes, Arm, int]:
    """Release, arm and stratum of a conversation's calls, as far as the app's present release goes."""
    release = app.app.release
    if release is None:
        return _NO_RELEASE, Arm.REST, -1
    if app.scope is not None:
        return app.release_id, *app.scope.arm(release, unit, started, at)
    arm, stratum = arm_of(unit_point(release.salt, unit), release.ramp, started)
    return app.release_id, arm, stratum


def _check_app(caller: Caller, app: str) -> None:
    if not may_name(caller, app):
        raise Refusal(403, "app_not_allowed", f"this key may not call {app!r}", mend="ask for it")
