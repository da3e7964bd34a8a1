"""The OpenAI chat-completions wire, provider's side: requests read and checked, errors written."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from serinus.sim.rates import DEFAULT_TEMPERATURE

MOST_CHOICES = 16


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
