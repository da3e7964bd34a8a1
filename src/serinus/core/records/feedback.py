"""Feedback as callers send it, and the scores that it is recorded as."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec

from serinus.core.errors import InvalidInput

TEXT_CHARS = 2000
KEY_CHARS = 200
SOURCE = "feedback"
_ONE = 1_000_000
_BAD_RATING = 2
_FIELDS = "call_id or conversation; thumbs, rating, text, signal; user, key"


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user said of one call (`call_id`) or of a whole conversation (its token; `user` names whose it is).

    `key` makes a repeated request the same feedback; without it, equal content is.
    """

    call_id: str = ""
    conversation: str = ""
    user: str = ""
    thumbs: Literal["up", "down"] | None = None
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    text: Annotated[str, msgspec.Meta(max_length=TEXT_CHARS)] = ""
    signal: Literal["resolved", "escalated", "abandoned", "recontact"] | None = None
    key: Annotated[str, msgspec.Meta(max_length=KEY_CHARS)] = ""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One score of a feedback. `key` tells it from others of the same metric about the same thing."""

    metric: str
    value_micro: int
    key: str
    text: str = ""


def parse_feedback(body: dict[str, Any]) -> Feedback:
    """The feedback in a JSON object. InvalidInput says which field is wrong, and how it is meant."""
    try:
        found = msgspec.convert(body, Feedback)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        raise InvalidInput(what, where=path.rstrip("`"), mend=f"known fields: {_FIELDS}") from None
    if bool(found.call_id) == bool(found.conversation):
        raise InvalidInput("name one call or one conversation", where="call_id", mend="`call_id` is x-request-id")
    if not (found.thumbs or found.rating or found.text or found.signal):
        raise InvalidInput("nothing was said", where="thumbs", mend="send thumbs, rating, text or signal")
    if not found.key.isprintable():
        raise InvalidInput("not printable", where="key", mend="use letters, digits and hyphens")
    return found


def marks_of(feedback: Feedback) -> list[Mark]:
    """The scores of a feedback. Thumbs down, or a rating of 1 or 2, is the event `feedback.thumbs_down`; thumbs up, or
    a better rating, is the same metric with the value 0."""
    found: list[tuple[str, int, str]] = []
    if feedback.thumbs or feedback.rating:
        is_bad = feedback.thumbs == "down" or (feedback.rating is not None and feedback.rating <= _BAD_RATING)
        found.append(("feedback.thumbs_down", _ONE if is_bad else 0, ""))
    if feedback.rating:
        found.append(("feedback.rating", feedback.rating * _ONE, ""))
    if feedback.signal:
        found.append((f"feedback.{feedback.signal}", _ONE, ""))
    if feedback.text:
        found.append(("feedback.text", 0, feedback.text))
    return [
        Mark(metric=metric, value_micro=value, key=feedback.key or _content_key(value, text), text=text)
        for metric, value, text in found
    ]


def _content_key(value_micro: int, text: str) -> str:
    return hashlib.sha256(f"{value_micro}\x1f{text}".encode()).hexdigest()[:16]
