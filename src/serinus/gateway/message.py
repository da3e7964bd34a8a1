"""The app's own words as a chat completion: what a caller gets when no version has an answer (J5), or none is live that
could be asked (H13). The fallback message, the words of a hand-off, or a cached answer."""

from __future__ import annotations

from typing import Any

import orjson

from serinus.core.records import call_id
from serinus.core.records.record import Rung
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Request
from serinus.core.wire.sse import DONE
from serinus.gateway import heads
from serinus.gateway.admission import Admitted
from serinus.gateway.client import ClientConnection
from serinus.gateway.recorder import Outcome, Recorder
from serinus.gateway.reply import Reply
from serinus.gateway.routes import Served

MOST_CHOICES = 128
"""As many as providers give at most; a caller who asks for more gets one."""
_NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
_OBJECT, _SCHEMA, _TEXT = "json_object", "json_schema", "text"


def answer_unserved(
    recorder: Recorder, client: ClientConnection, request: Request, call: Admitted, revision: int, now_ns: int
) -> None:
    """Answer a call that nothing live could serve, and put it on record: nobody's fault, and no version's call. Refusal
    when the call asks for JSON and the app has no message in it."""
    if not said(call, call.app.candidate):
        raise Refusal(
            503,
            "no_live_version",
            f"{call.app.name} has no live version, and no fallback message in the JSON that the call asks for",
            param="response_format",
            mend="declare `fallback_json` beside the fallback message",
        )
    raw = recorder.begin(call, revision, client.arrived_ns)
    outcome = Outcome()
    outcome.status, outcome.rung = 200, Rung.MESSAGE
    recorder.end(raw, call, None, revision, outcome, begun_ns=client.arrived_ns, first_ns=now_ns, now_ns=now_ns)
    text = said(call, call.app.candidate)
    say(Reply(client, request, call, raw), call, call.app.candidate, raw, now_ns - client.arrived_ns, text)


def handed_off(call: Admitted, version: Served | None) -> str:
    """As `said`, of the words of a hand-off; empty: there are none."""
    return _fitting(call, version, call.app.app.hand_off_message, call.app.app.hand_off_json)


def said(call: Admitted, version: Served | None) -> str:
    """The message for a call that this version would have answered (None: none is known); empty: there is none that
    its caller can take. Text, or the app's JSON where the version, the app's `format` or the caller asks for JSON.
    Against a schema of the caller's own nobody could check it."""
    return _fitting(call, version, call.app.message, call.app.json_message)


def _fitting(call: Admitted, version: Served | None, text: str, json: str) -> str:
    asked = _asked(call, version, "response_format")
    kind = asked.get("type") if isinstance(asked, dict) else None
    if kind == _SCHEMA and call.body.get("response_format") is not None:
        return ""
    if kind in (_OBJECT, _SCHEMA) or (kind != _TEXT and call.app.json_format):
        return json
    if kind is None and version is None and json:
        return json  # an app that declares it has versions that answer in it
    return text


def say(
    reply: Reply,
    call: Admitted,
    version: Served | None,
    raw: bytes,
    overhead_ns: int,
    text: str,
    rung: bytes = heads.MESSAGE,
) -> None:
    """Send a text as a whole answer of the kind that was asked for; `rung` are the headers that tell of it."""
    if call.stream:
        reply.open(rung, stream(call, version, raw, text), True, overhead_ns)
        reply.done()
    else:
        reply.whole(200, rung, completion(call, version, raw, text), overhead_ns)


def completion(call: Admitted, version: Served | None, raw: bytes, text: str) -> bytes:
    """A whole chat completion that says the text in each of its choices; `raw` is the call id."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choices = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": "stop"}
        for index in range(_choices(call, version))
    ]
    return orjson.dumps(_head("chat.completion", call, raw) | {"choices": choices, "usage": _NO_USAGE})


def stream(call: Admitted, version: Served | None, raw: bytes, text: str) -> bytes:
    """The same as a whole event stream, with a chunk of usage when the caller asked for one."""
    head = _head("chat.completion.chunk", call, raw)
    chunks = []
    for index in range(_choices(call, version)):
        chunks.append(head | {"choices": [_delta(index, {"role": "assistant", "content": text}, None)]})
        chunks.append(head | {"choices": [_delta(index, {}, "stop")]})
    if call.include_usage:
        chunks.append(head | {"choices": [], "usage": _NO_USAGE})
    return b"".join([b"data: %b\n\n" % orjson.dumps(chunk) for chunk in chunks]) + DONE


def _asked(call: Admitted, version: Served | None, field: str) -> Any:
    return call.body.get(field) if version is None else version.composer.asked(call.body, field)


def _choices(call: Admitted, version: Served | None) -> int:
    asked = _asked(call, version, "n")
    return asked if type(asked) is int and 1 <= asked <= MOST_CHOICES else 1


def _head(kind: str, call: Admitted, raw: bytes) -> dict[str, Any]:
    name, at_ms = call_id.printed(raw).decode(), call_id.parse(raw).at_ms
    return {"id": f"chatcmpl-{name}", "object": kind, "created": at_ms // 1000, "model": call.app.name}


def _delta(index: int, delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
