"""The OpenAI chat-completions wire, provider's side: answers written, whole and as server-sent events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from serinus.sim.behaviour import Outcome
from serinus.sim.chat import ChatRequest

# Answers are a pure function of seed and request, their time stamp included (2025-01-01T00:00:00Z).
CREATED = 1_735_689_600
DONE = b"data: [DONE]\n\n"


def usage(request: ChatRequest, outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Token counts of a request and its answers."""
    completion = sum(len(outcome.pieces) for outcome in outcomes)
    return {
        "prompt_tokens": request.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": request.prompt_tokens + completion,
    }


def completion(completion_id: str, request: ChatRequest, outcomes: Sequence[Outcome]) -> bytes:
    """The JSON body of a whole answer."""
    choices = [
        {
            "index": index,
            "message": {
                "role": "assistant",
                "content": None if outcome.refused else outcome.text,
                "refusal": outcome.text if outcome.refused else None,
            },
            "logprobs": None,
            "finish_reason": outcome.finish_reason,
        }
        for index, outcome in enumerate(outcomes)
    ]
    return orjson.dumps(
        {
            "id": completion_id,
            "object": "chat.completion",
            "created": CREATED,
            "model": request.model,
            "choices": choices,
            "usage": usage(request, outcomes),
            "system_fingerprint": "fp_sim",
        }
    )


class Chunks:
    """Writes the server-sent events of one streamed answer."""

    def __init__(self, completion_id: str, request: ChatRequest) -> None:
        self._request = request
        self._head = {
            "id": completion_id,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": request.model,
            "system_fingerprint": "fp_sim",
        }

    def opening(self, index: int) -> bytes:
        """The event that begins a choice."""
        return self._event(index, {"role": "assistant", "content": ""}, None)

    def text(self, index: int, text: str, refused: bool) -> bytes:
        """An event with some text of a choice."""
        return self._event(index, {"refusal" if refused else "content": text}, None)

    def closing(self, index: int, finish_reason: str) -> bytes:
        """The event that ends a choice."""
        return self._event(index, {}, finish_reason)

    def usage(self, outcomes: Sequence[Outcome]) -> bytes:
        """The extra event with the usage, without choices."""
        return _sse({**self._head, "choices": [], "usage": usage(self._request, outcomes)})

    def _event(self, index: int, delta: dict[str, str], finish_reason: str | None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        event = {**self._head, "choices": [choice]}
        if self._request.include_usage:
            event["usage"] = None
        return _sse(event)


def _sse(event: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(event) + b"\n\n"


def models(names: Sequence[str]) -> bytes:
    """The JSON body of the model list."""
    listed = [model_entry(name) for name in names]
    return orjson.dumps({"object": "list", "data": listed})


def model_entry(name: str) -> dict[str, Any]:
    """One entry of the model list."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "serinus-sim"}
