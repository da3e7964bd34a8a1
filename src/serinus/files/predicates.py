"""Predicates and populations as a project file writes them: `{region: eu-west}`, `internal`, `{all: [...]}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.population import Population, check_population
from serinus.core.routing.predicate import AllOf, AnyOf, Condition, Not, Op, Predicate, Value
from serinus.files import units
from serinus.files.faults import did_you_mean

_JOINS = ("all", "any", "not")
_OPS: dict[str, Op] = {
    "equals": "in",
    "in": "in",
    "prefix": "prefix",
    "above": "above",
    "at_least": "at_least",
    "below": "below",
    "at_most": "at_most",
}
_RESERVED = frozenset({*_JOINS, *_OPS, "attribute", "turn", "when", "size"})
_EXAMPLE = "e.g. `{region: eu-west}`, `{attribute: seats, at_least: 10}`, `{turn: chars, at_most: 400}`, `{not: …}`"


class Segments:
    """The segments of an app by name, each read when it is first asked for."""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._written = written
        self._reading: list[str] = []

    def population(self, value: object) -> Population:
        """What stands at `population`: a segment's name, a predicate, or `{when, size}`. InvalidInput says what is
        wrong with it."""
        if isinstance(value, str):
            return self.named(value)
        when, size = value, 0.0
        if isinstance(value, dict) and "when" in value:
            unknown = sorted(value.keys() - {"when", "size"})
            if unknown:
                raise InvalidInput(f"unknown key `{unknown[0]}`", mend=did_you_mean(unknown[0], ("when", "size")))
            when = value["when"]
            size = units.share(value["size"]) if "size" in value else 0.0
            if "size" in value and not size:
                raise InvalidInput("a population of 0%", mend="give its part of the traffic, or leave `size` out")
        found = Population(when=self.predicate(when), size=size)
        check_population(found, "")
        return found

    def named(self, name: str) -> Population:
        """The segment of this name."""
        if name not in self._written:
            known = did_you_mean(name, self._written) if self._written else "declare it: `cohort: {segments: {…}}`"
            raise InvalidInput(f"there is no segment {name!r}", mend=known)
        if name in self._reading:
            raise InvalidInput(f"segment {name!r} is made of itself", mend="name each segment by others only")
        self._reading.append(name)
        try:
            return msgspec.structs.replace(self.population(self._written[name]), name=name)
        finally:
            self._reading.pop()

    def predicate(self, value: object) -> Predicate:
        """A predicate: a segment's name or a mapping."""
        if isinstance(value, str):
            return self.named(value).when
        if not isinstance(value, dict) or not value:
            raise InvalidInput("this is no predicate", mend=_EXAMPLE)
        joins = [key for key in _JOINS if key in value]
        if joins:
            return self._joined(joins[0], value)
        if "attribute" in value or "turn" in value:
            return _compared(value)
        return _equal(value)

    def _joined(self, join: str, value: dict[str, Any]) -> Predicate:
        if len(value) > 1:
            raise InvalidInput(f"`{join}` stands alone", mend="e.g. `all: [{region: eu-west}, {not: internal}]`")
        parts = value[join]
        if join == "not":
            return Not(of=self.predicate(parts))
        if not isinstance(parts, list) or not parts:
            raise InvalidInput(f"`{join}` is not a list", mend=f"e.g. `{join}: [internal, {{region: eu-west}}]`")
        of = tuple(self.predicate(part) for part in parts)
        return AllOf(of=of) if join == "all" else AnyOf(of=of)


def _compared(value: dict[str, Any]) -> Predicate:
    """`{attribute: seats, at_least: 10, below: 100}`; of a `turn` likewise."""
    about: Literal["attribute", "turn"] = "attribute" if "attribute" in value else "turn"
    name = value[about]
    rest = {key: bound for key, bound in value.items() if key != about}
    unknown = sorted(rest.keys() - _OPS.keys())
    if unknown:
        raise InvalidInput(f"unknown key `{unknown[0]}`", mend=did_you_mean(unknown[0], _OPS))
    if not isinstance(name, str) or not rest:
        raise InvalidInput(f"`{about}` needs a name and what it is compared with", mend=_EXAMPLE)
    found = tuple(Condition(about=about, name=name, op=_OPS[key], values=_values(b)) for key, b in rest.items())
    return found[0] if len(found) == 1 else AllOf(of=found)


def _equal(value: dict[str, Any]) -> Predicate:
    """`{region: eu-west, plan: [pro, team]}`: each attribute is one of its values."""
    for key in value:
        if key in _RESERVED:
            raise InvalidInput(f"`{key}` does not stand here", mend=_EXAMPLE)
    found = tuple(Condition(name=name, values=_values(given)) for name, given in value.items())
    return found[0] if len(found) == 1 else AllOf(of=found)


def _values(given: object) -> tuple[Value, ...]:
    values = given if isinstance(given, list) else [given]
    for value in values:
        if not isinstance(value, str | int | float | bool):
            raise InvalidInput("an attribute is compared with texts, numbers, `true` or `false`", mend=_EXAMPLE)
    return tuple(values)
