"""The app's fallback message as a chat completion: what a caller gets when no version has an answer (J5), or none is
live that could be asked (H13)."""

from __future__ import annotations

from typing import Any

import orjson

from serinus.core.records import call_id
from serinus.core.records.record import Rung
from serinus.core.wire.request import Request
from serinus.core.wire.sse import DONE
from serinus.gateway import heads
from serinus.gateway.admission import Admitted
from serinus.gateway.client import ClientConnection
from serinus.gateway.recorder import Outcome, Recorder
from serinus.gateway.reply import Reply

_NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def answer_unserved(
    recorder: Recorder, client: ClientConnection, request: Request, call: Admitted, revision: int, now_ns: int
) -> None:
    """Answer a call that nothing live could serve, and put it on record: nobody's fault, and no version's call."""
    raw = recorder.begin(call, revision, client.arrived_ns)
    outcome = Outcome()
    outcome.status, outcome.rung = 200, Rung.MESSAGE
    recorder.end(raw, call, None, revision, outcome, begun_ns=client.arrived_ns, first_ns=now_ns, now_ns=now_ns)
    say(Reply(client, request, call, raw), call, raw, now_ns - client.arrived_ns)


def say(reply: Reply, call: Admitted, raw: bytes, overhead_ns: int) -> None:
    """Send the message, as a whole answer of the kind that was asked for."""
    if call.stream:
        reply.open(heads.MESSAGE, stream(call, raw), True, overhead_ns)
        reply.done()
    else:
        reply.whole(200, heads.MESSAGE, completion(call, raw), overhead_ns)


def completion(call: Admitted, raw: bytes) -> bytes:
    """A whole chat completion that says the message of the call's app; `raw` is the call id."""
    said = {"role": "assistant", "content": call.app.message, "refusal": None}
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": "stop"}
    return orjson.dumps(_head("chat.completion", call, raw) | {"choices": [choice], "usage": _NO_USAGE})


def stream(call: Admitted, raw: bytes) -> bytes:
    """The same as a whole event stream, with a chunk of usage when the caller asked for one."""
    head = _head("chat.completion.chunk", call, raw)
    chunks = [
        head | {"choices": [_delta({"role": "assistant", "content": call.app.message}, None)]},
        head | {"choices": [_delta({}, "stop")]},
    ]
    if call.include_usage:
        chunks.append(head | {"choices": [], "usage": _NO_USAGE})
    return b"".join([b"data: %b\n\n" % orjson.dumps(chunk) for chunk in chunks]) + DONE


def _head(kind: str, call: Admitted, raw: bytes) -> dict[str, Any]:
    name, at_ms = call_id.printed(raw).decode(), call_id.parse(raw).at_ms
    return {"id": f"chatcmpl-{name}", "object": kind, "created": at_ms // 1000, "model": call.app.name}


def _delta(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
