"""Predicates over what is known of a conversation at its first turn: the caller's attributes and the request."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from serinus.core.errors import InvalidInput

Value = str | int | float | bool
Op = Literal["in", "prefix", "above", "at_least", "below", "at_most"]

TURN = ("chars", "messages", "has_tools")
"""What can be asked of a first turn: characters of its texts, number of its messages, whether it brings tools."""
MOST_CONDITIONS = 64
MOST_VALUES = 1000
DEEPEST = 8
LONGEST_NAME = 64
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,64}")
_NUMBERS = frozenset({"above", "at_least", "below", "at_most"})


class Facts(NamedTuple):
    """What is known at a first turn. The language of a caller, its region or plan are attributes."""

    attributes: Mapping[str, Value]
    chars: int = 0
    messages: int = 0
    has_tools: bool = False


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="is"):
    """One fact compared: an `attribute` of the caller by its name, or one of `TURN`.

    `in`: one of the values; `prefix`: a text that begins with one of them; the others compare with the one number.
    A fact that is not there, or of another type, fulfils nothing: `true` is not 1, and "2" is not 2.
    """

    about: Literal["attribute", "turn"] = "attribute"
    name: str
    op: Op = "in"
    values: tuple[Value, ...]


class AllOf(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="all"):
    """Every one holds."""

    of: tuple[Predicate, ...]


class AnyOf(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="any"):
    """At least one holds."""

    of: tuple[Predicate, ...]


class Not(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="not"):
    """It does not hold."""

    of: Predicate


Predicate = Condition | AllOf | AnyOf | Not


def holds(predicate: Predicate, facts: Facts) -> bool:
    """Whether a predicate holds for these facts."""
    if isinstance(predicate, Condition):
        return _fulfils(predicate, facts)
    if isinstance(predicate, AllOf):
        return all(holds(part, facts) for part in predicate.of)
    if isinstance(predicate, AnyOf):
        return any(holds(part, facts) for part in predicate.of)
    return not holds(predicate.of, facts)


def conditions(predicate: Predicate, depth: int = 1) -> Iterator[Condition]:
    """All conditions in it, in order. InvalidInput for one that is nested too deep."""
    if depth > DEEPEST:
        raise InvalidInput(f"it is nested more than {DEEPEST} levels deep", where="when", mend="make it flatter")
    if isinstance(predicate, Condition):
        yield predicate
        return
    for part in predicate.of if isinstance(predicate, AllOf | AnyOf) else (predicate.of,):
        yield from conditions(part, depth + 1)


def check_predicate(predicate: Predicate, where: str) -> None:
    """Refuse a predicate that cannot work; InvalidInput at `where` says why."""
    try:
        found = list(conditions(predicate))
    except InvalidInput as error:
        raise InvalidInput(error.what, where=where, mend=error.mend) from None
    if not found or _has_empty(predicate):
        raise InvalidInput("a list of predicates is empty", where=where, mend="e.g. `all: [{region: eu-west}]`")
    if len(found) > MOST_CONDITIONS or sum(len(one.values) for one in found) > MOST_VALUES:
        raise InvalidInput(
            f"more than {MOST_CONDITIONS} conditions or {MOST_VALUES:,} values",
            where=where,
            mend="let the caller send one attribute that says it",
        )
    for one in found:
        _check(one, where)


def _fulfils(condition: Condition, facts: Facts) -> bool:
    value: Value | None
    value = facts.attributes.get(condition.name) if condition.about == "attribute" else getattr(facts, condition.name)
    values = condition.values
    if value is None:
        return False
    if condition.op == "in":
        return any(_same(value, other) for other in values)
    if condition.op == "prefix":
        return isinstance(value, str) and any(isinstance(v, str) and value.startswith(v) for v in values)
    bound = values[0]
    if not (_is_number(value) and _is_number(bound)):
        return False
    return _compare(condition.op, float(value), float(bound))


def _compare(op: Op, value: float, bound: float) -> bool:
    match op:
        case "above":
            return value > bound
        case "at_least":
            return value >= bound
        case "below":
            return value < bound
        case _:
            return value <= bound


def _same(one: Value, other: Value) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_empty(predicate: Predicate) -> bool:
    if isinstance(predicate, Condition):
        return False
    parts = predicate.of if isinstance(predicate, AllOf | AnyOf) else (predicate.of,)
    return not parts or any(_has_empty(part) for part in parts)


def _check(one: Condition, where: str) -> None:
    if not _NAME.fullmatch(one.name):
        raise InvalidInput(
            f"{one.name!r} is not the name of an attribute", where=where, mend=f"use up to {LONGEST_NAME} characters"
        )
    if not one.values:
        raise InvalidInput(f"`{one.name}` is compared with nothing", where=where, mend="e.g. `{region: eu-west}`")
    if any(isinstance(v, float) and not math.isfinite(v) for v in one.values):
        raise InvalidInput(f"`{one.name}` is compared with what is no number", where=where, mend="e.g. `above: 10`")
    if one.op in _NUMBERS and (len(one.values) != 1 or not _is_number(one.values[0])):
        raise InvalidInput(f"`{one.op}` of `{one.name}` takes one number", where=where, mend=f"e.g. `{one.op}: 10`")
    if one.op == "prefix" and not all(isinstance(v, str) and v for v in one.values):
        raise InvalidInput(f"`prefix` of `{one.name}` takes texts", where=where, mend="e.g. `prefix: ent-`")
    if one.about == "turn":
        _check_turn(one, where)


def _check_turn(one: Condition, where: str) -> None:
    if one.name not in TURN:
        raise InvalidInput(
            f"a first turn has no {one.name!r}", where=where, mend=f"it has {', '.join(TURN)}; the rest are attributes"
        )
    if one.name == "has_tools":
        fits = one.op == "in" and all(isinstance(v, bool) for v in one.values)
        mend = "e.g. `{turn: has_tools, equals: false}`"
    else:
        fits, mend = all(_is_number(v) for v in one.values), f"e.g. `{{turn: {one.name}, at_most: 400}}`"
    if not fits:
        raise InvalidInput(f"`{one.name}` of a first turn cannot be compared so", where=where, mend=mend)
