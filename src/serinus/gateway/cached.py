"""Cached answers (J5): which calls may be answered by one, and which of them fits.

Looked at when a version has failed a call or keeps it waiting, never for one that goes well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from serinus.core.routing.cached import CachedAnswer, Searchable, language_of
from serinus.core.wire import policy
from serinus.core.wire.format_rule import breaks
from serinus.core.wire.request import Request
from serinus.gateway.admission import Admitted
from serinus.gateway.routes import Served

_FOREIGN = (
    *("variables", "tools", "tool_choice", "functions", "function_call", "audio", "prediction"),
    *("documents", "plugins", "web_search_options"),
    *("guided_choice", "guided_grammar", "guided_json", "guided_regex", "structured_outputs"),
)
"""With any of these a call is about more than the text of its question, or its answer has a form nobody could check."""
_OF_A_QUESTION = frozenset({"role", "content", "name"})
_JSON_KINDS = ("json_object", "json_schema")


class Found(NamedTuple):
    """What a call found: the answer (None: nothing that is like it enough and that its caller can take), the version
    by whose behaviour, and whether a likeness could be measured at all."""

    entry: CachedAnswer | None
    by: Served
    measured: bool


def look_up(cached: Searchable, call: Admitted, request: Request, served: Served, baseline: Served | None) -> Found:
    """Look for an answer of the version that failed, then of the `baseline` that would stand in for it (None: no
    other would)."""
    question = question_of(call.body)
    if not question:
        return Found(None, served, measured=False)
    language = _language(call.body, request)
    for version in (served, baseline):
        match = cached.find(version.source.behaviour, question, language) if version is not None else None
        if version is None or match is None or match.similarity < cached.confidence:
            continue
        if _fits(call, version, match.entry.answer):
            return Found(match.entry, version, measured=True)
    return Found(None, served, measured=True)


def question_of(body: dict[str, Any]) -> str:
    """The text of a first turn that is nothing but a text; empty for any other call: one with a history, variables,
    tools or pictures has a meaning that no approved question has."""
    messages, metadata = body.get("messages"), body.get("metadata")
    if not isinstance(messages, list) or len(messages) != 1 or any(body.get(name) for name in _FOREIGN):
        return ""
    if isinstance(metadata, dict) and metadata.get("variables"):
        return ""
    message = messages[0]
    if not isinstance(message, dict) or message.get("role") != "user" or not message.keys() <= _OF_A_QUESTION:
        return ""
    content = message.get("content")
    return content if isinstance(content, str) else _text_of(content)


def _text_of(parts: Any) -> str:
    """The texts of a message in parts; empty when one of them is no text."""
    if not isinstance(parts, list) or not all(isinstance(one, dict) and one.get("type") == "text" for one in parts):
        return ""
    texts = [one.get("text") for one in parts]
    return "\n".join(texts) if all(isinstance(one, str) for one in texts) else ""


def _language(body: dict[str, Any], request: Request) -> str:
    """What the caller says: `metadata.language`, else the first of Accept-Language; empty when it says nothing."""
    metadata = body.get("metadata")
    told = metadata.get("language") if isinstance(metadata, dict) else None
    return language_of(told if isinstance(told, str) else request.header(b"accept-language"))


def _fits(call: Admitted, version: Served, answer: str) -> bool:
    """Whether the caller can take this answer: it is in the format that is asked for, and breaks no rule of the app.
    Against a schema of the caller's own nobody could check it."""
    app = call.app
    asked = version.composer.asked(call.body, "response_format")
    kind = asked.get("type") if isinstance(asked, dict) else None
    if kind == "json_schema" and call.body.get("response_format") is not None:
        return False
    if kind in _JSON_KINDS and not _is_object(answer):
        return False
    if kind != "text" and app.format_rule is not None and breaks(app.format_rule, answer):
        return False
    return not policy.broken(app.rules, (answer,), ())


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
