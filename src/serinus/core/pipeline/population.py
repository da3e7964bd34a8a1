"""A population: who takes part from a step on, in words and in numbers."""

from __future__ import annotations

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.routing.population import share_within
from serinus.core.routing.predicate import AllOf, AnyOf, Condition, Not, Predicate, Value, check_predicate

_TURN = {"chars": "characters", "messages": "messages"}
_BOUNDS = {"above": "more than", "at_least": "at least", "below": "less than", "at_most": "at most"}


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """Whom `when` holds for at the first turn of a conversation. `size`: the part of the app's traffic that they make
    (0: not known); `name`: what people call them, such as a segment of the project file."""

    when: Predicate
    size: float = 0.0
    name: str = ""


def slice_of_step(share: float, population: Population | None) -> float:
    """The candidate's slice of those whom a step means: at most ½, since the control's is as large (H14)."""
    return share_within(share, population.size) if population is not None else share


def traffic_share(share: float, population: Population | None) -> float:
    """What part of the app's traffic the candidate gets of them at the most, as far as their size is known."""
    known = population is not None and population.size > 0
    return min(share, population.size / 2) if known and population is not None else share


def is_halved(share: float, population: Population | None) -> bool:
    """Whether a population is smaller than candidate and control together, so that they halve it."""
    return population is not None and 0 < population.size < 2 * share


def check_population(population: Population, where: str) -> None:
    """Refuse one that cannot work; InvalidInput at `where` says why."""
    if not 0 <= population.size <= 1:
        raise InvalidInput(f"size {population.size} is not in (0, 1]", where=where, mend="e.g. size: 8%")
    check_predicate(population.when, where)


def who(population: Population | None) -> str:
    """Whom a step means, in words for people: `everyone`, `internal (staff is true)`."""
    if population is None:
        return "everyone"
    words = predicate_words(population.when)
    return f"{population.name} ({words})" if population.name else f"those where {words}"


def called(population: Population) -> str:
    """The name of a population, or what it has instead."""
    return population.name or who(population)


def predicate_words(predicate: Predicate) -> str:
    """A predicate as a clause: `region is eu-west or eu-north`."""
    match predicate:
        case Condition():
            return _condition_words(predicate)
        case AllOf():
            return " and ".join(_inside(part) for part in predicate.of)
        case AnyOf():
            return " or ".join(_inside(part) for part in predicate.of)
        case Not():
            return f"not {_inside(predicate.of)}"


def _inside(predicate: Predicate) -> str:
    words = predicate_words(predicate)
    joined = isinstance(predicate, AllOf | AnyOf) and len(predicate.of) > 1
    return f"({words})" if joined else words


def _condition_words(one: Condition) -> str:
    values = " or ".join(_shown(value) for value in one.values)
    if one.about == "turn":
        if one.name == "has_tools":
            return "the first turn has tools" if one.values[0] is True else "the first turn has no tools"
        bound = values if one.op == "in" else f"{_BOUNDS[one.op]} {values}"
        return f"the first turn has {bound} {_TURN.get(one.name, one.name)}"
    if one.op == "in":
        return f"{one.name} is {values}"
    return f"{one.name} begins with {values}" if one.op == "prefix" else f"{one.name} is {_BOUNDS[one.op]} {values}"


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:g}"
