"""Policy rules: what breaks them, what does not, and how long that takes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.records.record import Event
from serinus.core.routing.snapshot import PolicyRule
from serinus.core.wire.policy import JUDGED_CHARS, MOST_RULES, breaks, broken, check_rules, events_of


def rule(kind: Any = "regex", **fields: Any) -> PolicyRule:
    return PolicyRule(name=fields.pop("name", "r"), kind=kind, **fields)


REFUND = rule(pattern=r"(?i)already\s+refunded")
JSON = rule("json_value", key="action.kind", values=("delete", 1, None))


@pytest.mark.parametrize(
    ("one", "texts", "tools", "expected"),
    [
        (REFUND, ["We have Already\nrefunded you"], [], True),
        (REFUND, ["We will refund"], [], False),
        (REFUND, [], ["issue_refund"], False),
        (REFUND, ["fine", "already refunded"], [], True),
        (rule("forbidden_tools", tools=("drop",)), [], ["look", "drop"], True),
        (rule("forbidden_tools", tools=("drop",)), ["drop"], ["look"], False),
        (rule("allowed_tools", tools=("look",)), [], ["look"], False),
        (rule("allowed_tools", tools=("look",)), [], ["look", "drop"], True),
        (rule("allowed_tools"), [], ["look"], True),
        (rule("allowed_tools"), ["text"], [], False),
        (JSON, ['{"action": {"kind": "delete"}}'], [], True),
        (JSON, ['{"action": {"kind": null}}'], [], True),
        (JSON, ['{"action": {"kind": 1}}'], [], True),
        (JSON, ['{"action": {"kind": true}}'], [], False),
        (JSON, ['{"action": {"kind": "keep"}}'], [], False),
        (JSON, ['{"action": "delete"}'], [], False),
        (JSON, ["delete"], [], False),
        (rule("json_value", key="secret"), ['{"secret": 0}'], [], True),
        (rule("max_length", max_chars=3), ["abc"], [], False),
        (rule("max_length", max_chars=3), ["abc", "abcd"], [], True),
    ],
)
def test_J1_a_rule_is_broken_by_what_it_forbids_and_nothing_else(
    one: PolicyRule, texts: list[str], tools: list[str], expected: bool
) -> None:
    """Each kind, on texts of all choices and on the tools proposed."""
    assert breaks(one, texts, tools) is expected


def test_broken_rules_come_in_the_order_of_the_app() -> None:
    """So that records of equal answers are equal."""
    long, refund = rule("max_length", max_chars=1, name="long"), REFUND
    assert broken((long, refund), ["already refunded"], []) == (long, refund)


def test_only_zero_tolerance_sets_its_bit() -> None:
    """Every violation is one; the strict bit comes on top."""
    assert events_of(()) == 0
    assert events_of((REFUND,)) == Event.POLICY_VIOLATION
    strict = rule(pattern="x", zero_tolerance=True)
    assert events_of((REFUND, strict)) == Event.POLICY_VIOLATION | Event.ZERO_TOLERANCE


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$", r"(.*a){12}", r"(?:a?){30}a{30}"])
def test_no_pattern_takes_long_whatever_the_answer(pattern: str) -> None:
    """Patterns that blow up elsewhere take time in proportion to the text here."""
    begun = time.perf_counter()
    breaks(rule(pattern=pattern), ["a" * (JUDGED_CHARS - 1) + "!"], [])
    assert time.perf_counter() - begun < 2.0


def test_hostile_texts_are_judged_all_the_same() -> None:
    """Lone surrogates, NULs, deep JSON: no error, and a match is still found."""
    assert breaks(REFUND, ["\ud800\x00 already refunded"], [])
    assert not breaks(JSON, ["[" * 100_000], [])


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (rule(pattern="(a"), "rules[0].pattern"),
        (rule(pattern="a*"), "rules[0].pattern"),
        (rule(pattern=r"(?=a)"), "rules[0].pattern"),
        (rule(pattern=r"(a)\1"), "rules[0].pattern"),
        (rule(pattern="a" * 1001), "rules[0].pattern"),
        (rule(), "rules[0].pattern"),
        (rule("forbidden_tools"), "rules[0].tools"),
        (rule("json_value"), "rules[0].key"),
        (rule("max_length"), "rules[0].max_chars"),
        (rule("max_length", max_chars=3, pattern="x"), "rules[0].pattern"),
        (rule(pattern="x", name="a b"), "rules[0].name"),
    ],
)
def test_a_rule_that_cannot_be_judged_is_refused(bad: PolicyRule, where: str) -> None:
    """The error says which field of which rule."""
    with pytest.raises(InvalidInput) as refused:
        check_rules("rules", (bad,))
    assert refused.value.where == where


def test_names_are_unique_and_rules_few() -> None:
    """A name that stands twice, or too many rules, is refused."""
    with pytest.raises(InvalidInput, match="twice"):
        check_rules("rules", (REFUND, REFUND))
    many = tuple(rule(pattern="x", name=f"r{i}") for i in range(MOST_RULES + 1))
    with pytest.raises(InvalidInput, match="more than"):
        check_rules("rules", many)
