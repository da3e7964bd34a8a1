"""Admission: whose call it is, which app and version it means, which unit and conversation it belongs to, which arm.

Everything is decided from the request, the routes and three facts of the moment; nothing is sent or written here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import xxhash

from serinus.core.errors import InvalidInput
from serinus.core.routing import conversation
from serinus.core.routing.assignment import Arm, arm_of, unit_point
from serinus.core.routing.conversation import issue_by, number_of
from serinus.core.routing.snapshot import Caller
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Request
from serinus.gateway.conversations import NAMED, RANDOM_BYTES, began_anonymous, nonce_for, noted, recalled
from serinus.gateway.routes import Routes, Served, ServedApp
from serinus.ports.spool import Conversations

_NO_RELEASE = bytes(16)
_KEPT_CREDENTIALS, _CREDENTIAL_BYTES = 4096, 256  # spaces before a key could make as much of it as a head takes
_REST, _CANDIDATE = Arm.REST, Arm.CANDIDATE  # looking members up on the class is slow
_KEPT_PSEUDONYMS = 8192
_KEPT_CHARS = 256  # a unit may be as long as a body; thousands of those would not fit in memory
_KEY = "send `Authorization: Bearer` with one of `serinus key create NAME --app APP`; an admin's may not call"
_SESSION_FIELDS = ("session_id", "conversation_id")


class Admitted:
    """A call that may go on: what serves it (`version`), what it would fall back to, and whom it counts for.
    `keep_text`: what the answer says is needed at its end; `sampled`: its texts are kept for people.
    `unserved`: nothing is live that could serve it, so the app's message answers, and there is no `version`."""

    app: ServedApp
    version: Served
    arm = _REST
    stratum = -1
    body: dict[str, Any]
    stream = include_usage = False
    unit_hash: bytes
    started: int
    place: int | None = None
    token: str
    conversation: int
    release_id = _NO_RELEASE
    keep_text = sampled = unserved = False

    def let_go(self) -> None:
        """What was asked is not needed any more, unless its texts are kept: a long stream need not hold it."""
        if not self.sampled:
            self.body = {}


class Admission:
    """Admits calls against one set of routes. `has_room()` says whether the spool takes more compared calls."""

    def __init__(
        self,
        routes: Routes,
        conversations: Conversations,
        has_room: Callable[[], bool],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._routes = routes
        self._apps = routes.apps
        self._conversations = conversations
        self._has_room = has_room
        self._random_bytes = random_bytes
        self._pseudonyms: dict[str, bytes] = {}
        self._callers: dict[bytes | None, Caller] = {}

    def admit(self, request: Request, now_ns: int) -> Admitted:
        """The admitted call; `now_ns` is its arrival. Raises Refusal, which is the answer."""
        headers = request.headers
        caller = self._callers.get(headers.get(b"authorization")) or self.caller(request)
        call = Admitted()
        call.body = body = parse_body(request.body)
        if "stream" in body:
            call.stream = _flag(body, "stream")
            options = body.get("stream_options")
            call.include_usage = isinstance(options, dict) and options.get("include_usage") is True
        name, pin = body.get("model"), ""
        app = self._apps.get(name) if type(name) is str and "@" not in name else None
        if app is None or not ("*" in caller.apps or name in caller.apps):
            name, _, pin = _model(body).partition("@")
            app = self.app(caller, name)
        call.app = app
        if len(request.body) > app.body_bytes:
            raise Refusal(413, "body_too_large", f"{name} takes bodies of {app.body_bytes:,} bytes at most")
        unit = self._place(call, caller, request)
        if b"x-serinus-version" in headers:
            pin = pin or request.header(b"x-serinus-version")
        if pin:
            call.arm, call.version = Arm.PINNED, _pinned(app, caller, pin)
        else:
            self._assign(call, unit, now_ns)
        return call

    def caller(self, request: Request) -> Caller:
        """Whose key the request carries."""
        headers = request.headers
        given = headers.get(b"authorization")
        bearer = given is not None and given[:7].lower() == b"bearer "
        credential = given[7:] if given is not None and bearer else headers.get(b"x-api-key")
        found = self._routes.caller(credential.strip()) if credential else None
        if given is not None and bearer and found is not None and len(given) <= _CREDENTIAL_BYTES:
            if len(self._callers) >= _KEPT_CREDENTIALS:
                self._callers.clear()
            self._callers[given] = found  # what the header says is found at once from now on
        if found is None:
            what = "no key that may call has this text" if credential else "no API key"
            raise Refusal(401, "invalid_api_key", what, mend=_KEY)
        return found

    def app(self, caller: Caller, name: str) -> ServedApp:
        """The app of this name, if the caller may name it."""
        app = self._apps.get(name)
        if app is None:
            known = ", ".join(sorted(a for a in self._apps if may_name(caller, a))[:10]) or "none yet"
            raise Refusal(
                404,
                "model_not_found",
                f"there is no app {name!r}",
                param="model",
                mend=f"`model` names an app: {known}",
            )
        if not may_name(caller, name):
            raise Refusal(403, "app_not_allowed", f"this key may not call {name!r}", param="model", mend="ask for it")
        return app

    def _place(self, call: Admitted, caller: Caller, request: Request) -> str:
        """The call's unit; sets unit hash, conversation, its start and its token."""
        body, app = call.body, call.app
        unit = _named_unit(request, body) if app.by_name else _own_unit(app, caller, body)
        if not unit or app.scope is not None or "metadata" in body or b"x-serinus-conversation" in request.headers:
            return self._place_in_conversation(call, unit, request)
        unit_hash = call.unit_hash = self._pseudonyms.get(unit) or self._pseudonym(unit)
        start = call.started = self._routes.revision
        token = issue_by(app.conversation_mac, unit_hash, start, self._random_bytes(RANDOM_BYTES) + NAMED)
        call.token = token
        call.conversation = number_of(token)
        return unit

    def _place_in_conversation(self, call: Admitted, unit: str, request: Request) -> str:
        """The same where there may be a conversation, no unit, or more to ask of a first turn."""
        routes, body, app = self._routes, call.body, call.app
        headers = request.headers
        token = request.header(b"x-serinus-conversation") if b"x-serinus-conversation" in headers else ""
        session = _session(body) if "metadata" in body else ""
        anonymous = not unit
        start = routes.revision
        held: bytes = b""
        place: int | None = None
        if token:
            try:
                start, held, place = conversation.read_by(app.conversation_mac, token)
            except InvalidInput as error:
                raise Refusal(400, "invalid_conversation", error.what, param=error.where, mend=error.mend) from None
        if anonymous and held and began_anonymous(token):
            call.unit_hash, unit = held, held.hex()
        elif anonymous:
            unit = self._anonymous_unit(call, session)
        else:
            call.unit_hash = self._pseudonyms.get(unit) or self._pseudonym(unit)
        if held != call.unit_hash:  # a conversation belongs to one unit: with another one it is a new conversation
            nonce = nonce_for(session, anonymous, self._random_bytes)
            start = routes.revision
            place = app.scope.place(unit, start, request, body) if app.scope is not None else None
            if session:
                key = xxhash.xxh3_64_intdigest(f"{app.name}\x1f{unit}\x1f{session}".encode())
                start, place = recalled(self._conversations.started(key, noted(start, place)))
            token = issue_by(app.conversation_mac, call.unit_hash, start, nonce, place)
        call.started = start
        call.place = place
        call.token = token
        call.conversation = number_of(token)
        return unit

    def _pseudonym(self, unit: str) -> bytes:
        """The unit's pseudonym; kept, because the users of a conversation return."""
        known = self._pseudonyms
        found = known.get(unit)
        if found is None:
            found = conversation.pseudonym(self._routes.pseudonym_key, unit)
            if len(unit) > _KEPT_CHARS:
                return found
            if len(known) >= _KEPT_PSEUDONYMS:
                known.clear()
            known[unit] = found
        return found

    def _anonymous_unit(self, call: Admitted, session: str) -> str:
        rule = call.app.app.unit
        if session and rule != "refuse":
            call.unit_hash = self._pseudonym("session\x1f" + session)
        elif rule == "request":
            call.unit_hash = self._random_bytes(8)
        else:
            raise Refusal(
                422,
                "unit_missing",
                f"{call.app.name} needs to know whom the call is for",
                param="user",
                mend="send `user`, `safety_identifier`, the header x-serinus-unit, or a conversation id"
                if call.app.by_name
                else "send `prompt_cache_key`, or a conversation id",
            )
        return call.unit_hash.hex()

    def _assign(self, call: Admitted, unit: str, now_ns: int) -> None:
        app, release = call.app, call.app.app.release
        if app.override is not None:
            call.arm, call.version = Arm.OVERRIDE, app.override
            return
        if app.live is not None:
            call.version = app.live
        elif app.message:
            call.unserved = True
        else:
            raise Refusal(
                503, "no_live_version", f"{app.name} has no live version", param="model", mend="make a version live"
            )
        if release is None:
            return
        call.release_id = app.release_id
        if app.candidate is None or now_ns >= app.serve_until_ns or not release.serving or not self._has_room():
            return
        if app.scope is None:
            call.arm, call.stratum = arm_of(unit_point(release.salt, unit), release.ramp, call.started)
        else:
            call.arm, call.stratum = app.scope.arm(release, unit, call.started, call.place)
        closed = call.unserved and 0 < release.closed_from <= call.started
        if call.arm is _CANDIDATE and not closed:
            call.version = app.candidate
            call.unserved = False
        elif call.unserved:  # a message is no version to compare with
            call.arm, call.stratum = _REST, -1


def parse_body(raw: bytes) -> dict[str, Any]:
    """The JSON object of a request body. Refusal 400 with the position of the fault."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "invalid_json", _fault(raw, error), mend="send a JSON object in UTF-8") from None
    if not isinstance(body, dict):
        raise Refusal(400, "invalid_json", "the body is not a JSON object", mend='e.g. {"model": …, "messages": […]}')
    return body


def may_name(caller: Caller, app: str) -> bool:
    """Whether a key's apps hold this one."""
    return "*" in caller.apps or app in caller.apps


def _fault(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as invalid:
        return f"the body is not UTF-8 at byte {invalid.start}"
    return f"the body is not JSON at line {error.lineno}, column {error.colno}: {error.msg}"


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refusal(400, "invalid_value", f"{name!r} is not true or false", param=name)
    return bool(value)


def _model(body: dict[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refusal(400, "model_missing", "`model` is missing", param="model", mend="name an app in `model`")
    return model


def _named_unit(request: Request, body: dict[str, Any]) -> str:
    """The first of the header, `safety_identifier`, `user`, `metadata.user_id`, Claude Code's session."""
    headers = request.headers
    if b"x-serinus-unit" in headers:
        return request.header(b"x-serinus-unit")
    unit = body.get("safety_identifier") or body.get("user")
    if unit is None and "metadata" in body:
        metadata = body["metadata"]
        unit = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not unit and b"x-claude-code-session-id" in headers:
        return request.header(b"x-claude-code-session-id")
    if unit and not isinstance(unit, str):
        raise Refusal(400, "invalid_value", "the user is not a string", param="user")
    return unit or ""


def _own_unit(app: ServedApp, caller: Caller, body: dict[str, Any]) -> str:
    """The unit where the cohort rule takes another than the one that calls name: the key, or the cache's key."""
    if app.app.unit == "api_key":
        return caller.name
    unit = body.get("prompt_cache_key") or ""
    if not isinstance(unit, str):
        raise Refusal(400, "invalid_value", "`prompt_cache_key` is not a string", param="prompt_cache_key")
    return unit


def _session(body: dict[str, Any]) -> str:
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    for field in _SESSION_FIELDS:
        value = metadata.get(field)
        if isinstance(value, str) and value:
            return value
    return ""


def _pinned(app: ServedApp, caller: Caller, ref: str) -> Served:
    if not caller.may_pin:
        raise Refusal(403, "pin_not_allowed", "this key may not pin versions", param="model", mend="ask for the role")
    found = app.pinned(ref)
    if found is None:
        raise Refusal(404, "version_not_found", f"{app.name} has no version {ref!r} here", param="model")
    return found
