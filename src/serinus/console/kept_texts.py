"""The kept texts of a call as people read them: messages and answers as text, everything else as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from serinus.console.comparison import LONGEST_TEXT
from serinus.core.records.payload import LoggedPayload


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message or an answer; `role` says whose. `left_out`: characters that are too many for a page."""

    role: str
    text: str
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTexts:
    """What was asked and answered. `cut`: one of them was too long to be kept whole."""

    asked: tuple[Said, ...]
    answered: tuple[Said, ...]
    cut: bool


def kept_texts(found: LoggedPayload) -> KeptTexts:
    """The texts of a row; JSON of another shape is shown as it is."""
    return KeptTexts(asked=_asked(found.request), answered=_answered(found.answer), cut=found.cut)


def _asked(raw: str) -> tuple[Said, ...]:
    document = _object(raw)
    messages = document.get("messages")
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        return (_said("request", raw),)
    said = [_said(str(one.get("role", "?")), _text(one.get("content"))) for one in messages]
    variables = document.get("variables")
    return (*said, *([_said("variables", _text(variables))] if variables else []))


def _answered(raw: str) -> tuple[Said, ...]:
    document = _object(raw)
    texts, tools = document.get("texts"), document.get("tools")
    if not isinstance(texts, list):
        return (_said("answer", raw),)
    said = [_said("answer", _text(text)) for text in texts]
    return (*said, *([_said("tools it asked for", _text(tools))] if tools else []))


def _said(role: str, text: str) -> Said:
    return Said(role=role, text=text[:LONGEST_TEXT], left_out=max(0, len(text) - LONGEST_TEXT))


def _object(raw: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(raw)
    except msgspec.MsgspecError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
