"""The OpenAI chat-completions wire, provider's side: requests read and checked, answers and errors written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from serinus.sim.rates import DEFAULT_TEMPERATURE

if TYPE_CHECKING:
    from serinus.sim.behaviour import Outcome

# Answers are a pure function of seed and request, their time stamp included (2025-01-01T00:00:00Z).
CREATED = 1_735_689_600
MOST_CHOICES = 16
DONE = b"data: [DONE]\n\n"


class WireError(Exception):
    """A refusal in the provider's own words: HTTP status and the fields of OpenAI's error object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type_: str,
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type_
        self.code = code
        self.param = param
        self.headers = headers or {}

    def body(self) -> bytes:
        """The JSON body."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return orjson.dumps({"error": error})


def bad_request(message: str, param: str | None = None, code: str | None = None) -> WireError:
    """A 400 `invalid_request_error`."""
    return WireError(400, message, type_="invalid_request_error", param=param, code=code)


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed chat request; `body` is all of it. `query` is the last user message, `system` all instructions."""

    body: dict[str, Any]
    model: str
    system: str
    query: str
    prompt_tokens: int
    n: int
    temperature: float
    max_tokens: int | None
    stream: bool
    include_usage: bool


def text_of(content: object) -> str:
    """The text of a message's content: a string, or the text parts of a list; nothing else has text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return ""


def parse_chat(raw: bytes) -> ChatRequest:
    """The request in these bytes; WireError (400) in OpenAI's form that names the faulty parameter."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise bad_request("you must provide a model parameter", "model")
    messages = _messages(body)
    options = body.get("stream_options")
    return ChatRequest(
        body=body,
        model=model,
        system="\n".join(text for role, text in messages if role in ("system", "developer")),
        query=next((text for role, text in reversed(messages) if role == "user"), ""),
        prompt_tokens=sum(4 + len(text) // 4 for _, text in messages) + 3,
        n=_integer(body, "n", 1, MOST_CHOICES) or 1,
        temperature=_temperature(body),
        max_tokens=_integer(body, "max_completion_tokens", 1) or _integer(body, "max_tokens", 1),
        stream=body.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _messages(body: dict[str, Any]) -> list[tuple[str, str]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad_request("'messages' must be an array with at least one message.", "messages")
    read = []
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str):
            raise bad_request("A message must be an object with a 'role'.", f"messages.[{index}].role")
        read.append((role, text_of(message.get("content"))))
    return read


def _integer(body: dict[str, Any], name: str, least: int, most: int | None = None) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise bad_request(f"Invalid '{name}': expected an integer {bounds}.", name)
    return value


def _temperature(body: dict[str, Any]) -> float:
    value = body.get("temperature")
    if value is None:
        return DEFAULT_TEMPERATURE
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 2:
        raise bad_request("Invalid 'temperature': expected a number from 0 to 2.", "temperature")
    return float(value)


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
