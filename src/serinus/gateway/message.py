"""The app's fallback message as a chat completion: what a caller gets when no version has an answer (J5)."""

from __future__ import annotations

from typing import Any

import orjson

from serinus.core.records import call_id
from serinus.core.wire.sse import DONE
from serinus.gateway.admission import Admitted

_NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


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
