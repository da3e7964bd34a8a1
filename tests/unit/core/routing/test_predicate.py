"""Predicates say yes only where a fact is there, of the right type, and fits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.routing.predicate import (
    DEEPEST,
    MOST_CONDITIONS,
    AllOf,
    AnyOf,
    Condition,
    Facts,
    Not,
    Predicate,
    check_predicate,
    holds,
)

ADA = Facts(attributes={"staff": True, "region": "eu-west", "seats": 12}, chars=40, messages=1, has_tools=False)


def attribute(name: str, *values: Any, op: Any = "in") -> Condition:
    """A condition on an attribute."""
    return Condition(name=name, op=op, values=values)


def turn(name: str, *values: Any, op: Any = "in") -> Condition:
    """A condition on the first turn."""
    return Condition(about="turn", name=name, op=op, values=values)


@pytest.mark.parametrize(
    "predicate",
    [
        attribute("staff", True),
        attribute("region", "us-east", "eu-west"),
        attribute("region", "us-", "eu-", op="prefix"),
        attribute("seats", 12.0),
        attribute("seats", 11, op="above"),
        attribute("seats", 12, op="at_least"),
        attribute("seats", 12.5, op="below"),
        attribute("seats", 12, op="at_most"),
        turn("chars", 40, op="at_most"),
        turn("messages", 1),
        turn("has_tools", False),
        AllOf(of=(attribute("staff", True), turn("chars", 39, op="above"))),
        AnyOf(of=(attribute("staff", False), attribute("region", "eu-west"))),
        Not(of=attribute("region", "us-east")),
        Not(of=attribute("missing", True)),
    ],
)
def test_A1_what_is_so_holds(predicate: Predicate) -> None:
    """Each operator on an attribute or a fact of the first turn, and each way to join them."""
    check_predicate(predicate, "here")
    assert holds(predicate, ADA)


@pytest.mark.parametrize(
    "predicate",
    [
        attribute("staff", 1),
        attribute("seats", "12"),
        attribute("seats", True),
        attribute("staff", 0, op="above"),
        attribute("region", 3, op="above"),
        attribute("seats", "1", op="prefix"),
        attribute("missing", "x"),
        attribute("missing", 3, op="below"),
        attribute("seats", 12, op="above"),
        attribute("seats", 12, op="below"),
        attribute("seats", 13, op="at_least"),
        attribute("seats", 11, op="at_most"),
        turn("has_tools", True),
        AllOf(of=(attribute("staff", True), attribute("region", "us-east"))),
        AnyOf(of=(attribute("staff", False), attribute("region", "us-east"))),
        Not(of=attribute("staff", True)),
    ],
)
def test_A1_what_is_not_so_or_of_another_type_does_not_hold(predicate: Predicate) -> None:
    """`true` is not 1, "12" is not 12, and what is not there fulfils nothing."""
    check_predicate(predicate, "here")
    assert not holds(predicate, ADA)


@pytest.mark.parametrize(
    ("predicate", "what"),
    [
        (AllOf(of=()), "empty"),
        (AllOf(of=(attribute("a", 1), AnyOf(of=()))), "empty"),
        (Condition(name="", values=(1,)), "name of an attribute"),
        (Condition(name="a\nb", values=(1,)), "name of an attribute"),
        (attribute("a"), "with nothing"),
        (attribute("a", float("nan")), "no number"),
        (attribute("a", 1, 2, op="above"), "one number"),
        (attribute("a", "1", op="above"), "one number"),
        (attribute("a", True, op="below"), "one number"),
        (attribute("a", "", op="prefix"), "texts"),
        (attribute("a", 3, op="prefix"), "texts"),
        (turn("words", 3), "no 'words'"),
        (turn("has_tools", "yes"), "cannot be compared"),
        (turn("chars", "many"), "cannot be compared"),
        (AllOf(of=(attribute("a", 1),) * (MOST_CONDITIONS + 1)), "more than"),
        (attribute("a", *range(2000)), "more than"),
    ],
)
def test_what_cannot_work_is_refused(predicate: Predicate, what: str) -> None:
    """With where it stands and what to write."""
    with pytest.raises(InvalidInput, match=what) as refused:
        check_predicate(predicate, "plan.steps[0].population")
    assert refused.value.where == "plan.steps[0].population"
    assert refused.value.mend


def test_deep_nesting_is_refused_not_followed() -> None:
    """A predicate cannot be made to exhaust the stack."""
    deep: Predicate = attribute("a", 1)
    for _ in range(DEEPEST):
        deep = Not(of=deep)
    with pytest.raises(InvalidInput, match="nested"):
        check_predicate(deep, "here")


def test_a_predicate_is_json_and_comes_back() -> None:
    """As it lies in snapshots and plans."""
    whole = AllOf(
        of=(attribute("region", "eu", True, 1, 1.5), AnyOf(of=(turn("chars", 3, op="below"),)), Not(of=ADMIN))
    )
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Predicate) == whole


ADMIN = attribute("role", "admin")
