"""Feedback as callers send it, and the scores that it is recorded as."""

from __future__ import annotations

import hashlib
import math
from typing import Annotated, Any, Literal, get_args

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import Bounded
from serinus.core.records.labels import SCORED, scale_of
from serinus.core.records.suspicion import CLASSIFIER, KINDS

TEXT_CHARS = 2000
KEY_CHARS = 200
SOURCE = "feedback"
_ONE = 1_000_000
_BAD_RATING = 2
_FIELDS = "call_id or conversation; thumbs, rating, text, signal, category, by, scores; user, key"


Signal = Literal["resolved", "escalated", "abandoned", "recontact", "suspected_violation", "adversarial_pattern"]
_WORD = "up to 40 of a-z 0-9 _ . -, or leave it out"
_MEANT = {
    "signal": f"one of {', '.join(get_args(Signal))}",
    "thumbs": "up or down",
    "rating": "a whole number from 1 to 5",
    "category": _WORD,
    "by": _WORD,
}


class Graded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A score on a scale of the sender's own."""

    value: float
    low: float = 0.0
    high: float = 1.0


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user said of one call (`call_id`) or of a whole conversation (its token; `user` names whose it is), or
    what a judge or the app itself gave it (`scores`, by metric).

    `category` is what a user was handed over for, or what is suspected; `by` the classifier that suspects it.

    `key` makes a repeated request the same feedback; without it, equal content is.
    """

    call_id: str = ""
    conversation: str = ""
    user: str = ""
    thumbs: Literal["up", "down"] | None = None
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    text: Annotated[str, msgspec.Meta(max_length=TEXT_CHARS)] = ""
    signal: Signal | None = None
    category: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9_.-]{0,39})?\Z")] = ""
    by: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9_.-]{0,39})?\Z")] = ""
    scores: dict[str, float | Graded] = {}
    key: Annotated[str, msgspec.Meta(max_length=KEY_CHARS)] = ""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One score of a feedback. `key` tells it from others of the same metric about the same thing; `source` gave it."""

    metric: str
    value_micro: int
    key: str
    text: str = ""
    source: str = SOURCE


def parse_feedback(body: dict[str, Any]) -> Feedback:
    """The feedback in a JSON object. InvalidInput says which field is wrong, and how it is meant."""
    try:
        found = msgspec.convert(body, Feedback)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        where = path.rstrip("`")
        raise InvalidInput(what, where=where, mend=_MEANT.get(where, f"known fields: {_FIELDS}")) from None
    if bool(found.call_id) == bool(found.conversation):
        raise InvalidInput("name one call or one conversation", where="call_id", mend="`call_id` is x-request-id")
    if not (found.thumbs or found.rating or found.text or found.signal or found.scores):
        raise InvalidInput("nothing was said", where="thumbs", mend="send thumbs, rating, text, signal or scores")
    if found.category and found.signal != "escalated" and found.signal not in KINDS:
        raise InvalidInput(
            "a category is of a hand-over, or of what is suspected",
            where="category",
            mend='send it with `"signal": "escalated"` or `"suspected_violation"`, or leave it out',
        )
    _check_suspicion(found)
    for name, given in found.scores.items():
        _score(name, given)
    if not found.key.isprintable():
        raise InvalidInput("not printable", where="key", mend="use letters, digits and hyphens")
    return found


def marks_of(feedback: Feedback) -> list[Mark]:
    """The scores of a feedback. Thumbs down, or a rating of 1 or 2, is the event `feedback.thumbs_down`; thumbs up, or
    a better rating, is the same metric with the value 0."""
    found: list[tuple[str, int, str, str]] = []
    if feedback.thumbs or feedback.rating:
        is_bad = feedback.thumbs == "down" or (feedback.rating is not None and feedback.rating <= _BAD_RATING)
        found.append(("feedback.thumbs_down", _ONE if is_bad else 0, "", SOURCE))
    if feedback.rating:
        found.append(("feedback.rating", feedback.rating * _ONE, "", SOURCE))
    found += [(name, _score(name, given), "", SOURCE) for name, given in feedback.scores.items()]
    if feedback.signal:
        source = (feedback.by or CLASSIFIER) if feedback.signal in KINDS else SOURCE
        found.append((f"feedback.{feedback.signal}", _ONE, feedback.category, source))
    if feedback.text:
        found.append(("feedback.text", 0, feedback.text, SOURCE))
    return [
        Mark(metric=metric, value_micro=value, key=_key(feedback, value, text, source), text=text, source=source)
        for metric, value, text, source in found
    ]


def _check_suspicion(found: Feedback) -> None:
    """A suspicion is about one answer, and only of one it is asked who has it."""
    if found.signal in KINDS:
        if not found.call_id:
            raise InvalidInput(
                "a suspicion is about one answer", where="conversation", mend="send its `call_id` instead"
            )
    elif found.by:
        raise InvalidInput(
            "only a suspicion says who has it",
            where="by",
            mend='send it with `"signal": "suspected_violation"`, or leave it out',
        )


def _key(feedback: Feedback, value_micro: int, text: str, source: str) -> str:
    """What tells a mark from others. Two sources are two witnesses, even under one key of the caller's."""
    if source == SOURCE:
        return feedback.key or _content_key(value_micro, text)
    return _content_key(value_micro, f"{feedback.key}\x1f{source}\x1f{text}")


def _score(name: str, given: float | Graded) -> int:
    """A score in millionths of its metric's unit; InvalidInput for what is not on its scale, NaN and infinity too."""
    where, scale = f"scores.{name}", scale_of(name)
    if scale is None or name == "feedback.rating":
        raise InvalidInput(
            f"{name!r} is no score", where=where, mend=f"known: {', '.join(SCORED)}; ratings are sent as `rating`"
        )
    own = Bounded(low=given.low, high=given.high) if isinstance(given, Graded) else scale
    if not (math.isfinite(own.high - own.low) and own.low < own.high):
        raise InvalidInput(
            f"from {own.low:g} to {own.high:g} is no scale", where=where, mend="e.g. {value: 4, low: 1, high: 5}"
        )
    value = given.value if isinstance(given, Graded) else given
    share = own.share(value)
    if share is None:
        raise InvalidInput(
            f"{value:g} is not from {own.low:g} to {own.high:g}",
            where=where,
            mend="send a number in [0, 1], or name your scale: {value: 4, low: 1, high: 5}",
        )
    return round((scale.low + share * (scale.high - scale.low)) * _ONE)


def _content_key(value_micro: int, text: str) -> str:
    return hashlib.sha256(f"{value_micro}\x1f{text}".encode()).hexdigest()[:16]
