"""The upstream request body of a version: its prompt, model and parameters around the caller's messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from serinus.core.errors import InvalidInput
from serinus.core.routing.snapshot import Version
from serinus.core.versions.template import Prompt

SYSTEM = "system"  # the word in `caller_may_set` that lets callers send system and developer messages
PARAMETERS = frozenset(
    {
        *("temperature", "top_p", "top_k", "top_a", "min_p", "n", "best_of", "seed", "stop", "logit_bias"),
        *("frequency_penalty", "presence_penalty", "repetition_penalty", "length_penalty"),
        *("max_tokens", "max_completion_tokens", "min_tokens", "logprobs", "top_logprobs"),
        *("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"),
        *("response_format", "guided_choice", "guided_grammar", "guided_json", "guided_regex"),
        *("reasoning", "reasoning_effort", "thinking", "verbosity", "modalities", "audio", "prediction"),
        *("chat_template", "chat_template_kwargs", "web_search_options"),
    }
)
"""What changes a model's behaviour: refused from callers unless the version lists it. Other fields pass through."""

_OURS = frozenset({"model", "messages", "stream", "stream_options", "variables", "metadata"})
_OUR_METADATA = frozenset({"variables", "user_id", "session_id", "conversation_id", "attributes"})
_CALLER_ROLES = frozenset({"user", "assistant", "tool", "function"})
_SYSTEM_ROLES = frozenset({"system", "developer"})
_KEPT_SHAPES, _KEPT_FIELDS, _KEPT_CHARS = 256, 32, 64  # names are the callers': a bound on what is remembered of them
_NO_VALUES: dict[str, Any] = {}


class Composer:
    """Composes the bodies of one version; everything that no caller changes is encoded once.

    TemplateError (an InvalidInput) when it is built from a prompt or parameters that do not read.
    """

    def __init__(self, version: Version) -> None:
        self._prompt = Prompt(version.messages, version.variables)
        self._opens_turn = any(message.role not in _SYSTEM_ROLES for message in version.messages)
        self._head = b'{"model":' + orjson.dumps(version.model) + b',"messages":['
        self._may_set = frozenset(version.caller_may_set)
        self._parameters = _parameters(version)
        self._kept_back = _OURS | self._may_set
        self._guarded = (PARAMETERS | self._parameters.keys()) - self._may_set
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._tail = b"," + version.parameters.encode() if self._parameters else b""
        self._fixed = self._encode(self._prompt.render({})) if self._prompt.static else None

    def compose(self, caller: Mapping[str, Any], stream: bool) -> bytes:
        """The body to send for a caller's parsed body.

        InvalidInput (`where` is the field) for a field the caller may not set, or for what is nested too deeply to be
        sent on; TemplateError for its variables.
        """
        passed = self._shapes.get(tuple(caller))
        if passed is None:
            passed = self._fields_passed_on(caller)
        try:
            fixed, own = self._messages(caller)
            return b"".join(
                (
                    self._head,
                    fixed,
                    own,
                    self._merged_parameters(caller) if self._may_set else self._tail,
                    self._passed_on(caller, passed) if passed or "metadata" in caller else b"",
                    b',"stream":true,"stream_options":' + _stream_options(caller) + b"}" if stream else b"}",
                )
            )
        except orjson.JSONEncodeError:  # JSON is read to 1,024 levels, and written to 254
            raise InvalidInput(
                "lists and objects within one another too deeply", mend="nest no more than 250 of them"
            ) from None

    def asked(self, caller: Mapping[str, Any], field: str) -> Any:
        """What a caller's body asks for in a parameter: its own where the version lets it, else the version's."""
        given = caller.get(field) if field in self._may_set else None
        return self._parameters.get(field) if given is None else given

    def _fields_passed_on(self, caller: Mapping[str, Any]) -> tuple[str, ...]:
        """Which fields of a body are sent on as they are; remembered, since callers send the same ones all the time."""
        if not self._guarded.isdisjoint(caller):
            self._refuse_field(caller)
        passed = tuple([field for field in caller if field not in self._kept_back])
        if (
            len(self._shapes) < _KEPT_SHAPES
            and len(caller) <= _KEPT_FIELDS
            and max(map(len, caller), default=0) <= _KEPT_CHARS
        ):
            self._shapes[tuple(caller)] = passed
        return passed

    def _refuse_field(self, caller: Mapping[str, Any]) -> None:
        field = min(self._guarded & caller.keys())
        raise InvalidInput(
            f"{field!r} is set by the version, not by callers",
            where=field,
            mend="leave it out, or list it in the version's caller_may_set",
        )

    def _messages(self, caller: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """The version's messages, and the caller's behind them with the end of the list."""
        messages = caller.get("messages")
        fixed = self._fixed
        values = _variables(caller) if "variables" in caller or "metadata" in caller else _NO_VALUES
        if fixed is None or values:
            fixed = self._encode(self._prompt.render(values))
        if not messages and (messages is None or messages == []) and self._opens_turn:
            return fixed, b"]"
        self._check_messages(messages)
        return (fixed + b"," if fixed else b""), orjson.dumps(messages)[1:]

    def _check_messages(self, messages: Any) -> None:
        try:
            for message in messages:
                if message["role"] not in _CALLER_ROLES:
                    break
            else:
                if messages and isinstance(messages, list):
                    return
        except (TypeError, KeyError):
            pass  # something is wrong: find out what
        self._refuse_messages(messages)

    def _refuse_messages(self, messages: Any) -> None:
        """Say what is wrong with the messages; silent when a version lets callers send those that looked wrong."""
        if not isinstance(messages, list) or not messages:
            raise InvalidInput(
                "messages must be a list that is not empty", where="messages", mend="send a user message"
            )
        for index, message in enumerate(messages):
            role = message.get("role") if isinstance(message, dict) else None
            role = role if isinstance(role, str) else None
            if role in _CALLER_ROLES or (role in _SYSTEM_ROLES and SYSTEM in self._may_set):
                continue
            if role in _SYSTEM_ROLES:
                raise InvalidInput(
                    f"{role} messages come from the version, not from callers",
                    where=f"messages[{index}]",
                    mend="leave it out, or list `system` in the version's caller_may_set",
                )
            raise InvalidInput("a message has no known role", where=f"messages[{index}].role", mend="e.g. user")

    def _merged_parameters(self, caller: Mapping[str, Any]) -> bytes:
        merged = self._parameters | {k: caller[k] for k in self._may_set if k in caller and k not in _OURS}
        return b"," + orjson.dumps(merged)[1:-1] if merged else b""

    @staticmethod
    def _passed_on(caller: Mapping[str, Any], passed: tuple[str, ...]) -> bytes:
        rest = {field: caller[field] for field in passed}
        if "metadata" in caller and isinstance(caller["metadata"], dict):
            kept = {k: v for k, v in caller["metadata"].items() if k not in _OUR_METADATA}
            if kept:
                rest["metadata"] = kept
        return b"," + orjson.dumps(rest)[1:-1] if rest else b""

    @staticmethod
    def _encode(messages: list[dict[str, str]]) -> bytes:
        return orjson.dumps(messages)[1:-1]


def _parameters(version: Version) -> dict[str, Any]:
    try:
        parameters = orjson.loads("{" + version.parameters + "}")
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"parameters of {version.name} are not JSON: {error}", where="parameters", mend="push the version again"
        ) from None
    assert isinstance(parameters, dict)
    return parameters


def _variables(caller: Mapping[str, Any]) -> dict[str, Any]:
    """From the body's `variables`, else from `metadata.variables`, which may be JSON text (OpenAI wants strings)."""
    values = caller.get("variables")
    if values is None:
        metadata = caller.get("metadata")
        values = metadata.get("variables") if isinstance(metadata, dict) else None
    if values is None:
        return {}
    if isinstance(values, str):
        try:
            values = orjson.loads(values)
        except orjson.JSONDecodeError:
            values = None
    if not isinstance(values, dict):
        raise InvalidInput("variables are not a JSON object", where="variables", mend='e.g. {"name": "value"}')
    return values


def _stream_options(caller: Mapping[str, Any]) -> bytes:
    options = caller.get("stream_options")
    if not isinstance(options, dict) or not options:
        return b'{"include_usage":true}'
    return orjson.dumps({**options, "include_usage": True})
