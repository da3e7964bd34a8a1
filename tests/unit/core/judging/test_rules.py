"""What each rule says of answers, good, bad and odd."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import Answer, Price
from serinus.core.judging.case import Case
from serinus.core.judging.rules import applies, check_schema, score
from serinus.core.judging.scorers import KINDS, Assertions, Rule

CASE: dict[str, Any] = {"id": "1", "input": "x"}
ALL: list[tuple[dict[str, Any], dict[str, Any], str, float | None]] = [
    ({"kind": "exact"}, {"expected": "yes"}, " yes\n", 1),
    ({"kind": "exact"}, {"expected": "yes"}, "Yes", 0),
    ({"kind": "exact", "ignore_case": True}, {"expected": "yes"}, "YES", 1),
    ({"kind": "exact"}, {"expected": {"a": [1, True]}}, '{"a": [1.0, true]}', 1),
    ({"kind": "exact"}, {"expected": {"a": 1}}, '{"a": true}', 0),
    ({"kind": "exact"}, {"expected": {"a": 1}}, "no JSON", 0),
    ({"kind": "exact"}, {"expected": None}, "null", 1),
    ({"kind": "exact"}, {"reference": "yes"}, "yes", 1),
    ({"kind": "exact"}, {}, "yes", None),
    ({"kind": "contains", "all": ["a", "B"]}, {}, "b and A", 1),
    ({"kind": "contains", "all": ["a", "z"]}, {}, "a", 0),
    ({"kind": "contains", "any": ["y", "z"]}, {}, "a", 0),
    ({"kind": "contains", "none": ["refunded"]}, {}, "I have REFUNDED it", 0),
    ({"kind": "contains", "none": ["R"], "ignore_case": False}, {}, "r", 1),
    ({"kind": "contains"}, {"expected": ["a", "b"]}, "ab", 1),
    ({"kind": "contains"}, {}, "ab", None),
    ({"kind": "keywords", "words": ["courier", "late"]}, {}, "The courier is lately here", 0.5),
    ({"kind": "keywords"}, {"expected": ["straße"]}, "Die Straße ist lang", 1),
    ({"kind": "keywords"}, {}, "x", None),
    ({"kind": "regex", "pattern": r"^\d+$"}, {}, "123", 1),
    ({"kind": "regex", "pattern": "a", "absent": True}, {}, "bAb", 1),
    ({"kind": "regex", "pattern": "a", "absent": True, "ignore_case": True}, {}, "bAb", 0),
    ({"kind": "json_schema", "schema": {"type": "object", "required": ["a"]}}, {}, '{"a": 1}', 1),
    ({"kind": "json_schema", "schema": {"type": "object", "required": ["a"]}}, {}, '{"b": 1}', 0),
    ({"kind": "json_schema", "schema": {"type": "object"}}, {}, "```json\n{}\n```", 0),
    ({"kind": "json_schema", "schema": {"properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}}}, {}, '{"a":1}', None),
    ({"kind": "json_keys", "keys": ["a"]}, {}, '{"a": null}', 1),
    ({"kind": "json_keys", "keys": ["a"]}, {}, '["a"]', 0),
    ({"kind": "json_keys", "keys": ["a"]}, {}, "[" * 5000, 0),
    ({"kind": "field", "field": "c"}, {"expected": {"c": "Refund"}}, '{"c": "refund "}', 1),
    ({"kind": "field", "field": "c"}, {"expected": "refund"}, '{"c": "order"}', 0),
    ({"kind": "field", "field": "c"}, {"expected": "refund"}, "refund", 0),
    ({"kind": "field", "field": "c"}, {"expected": {"d": 1}}, '{"c": 1}', None),
    ({"kind": "number"}, {"expected": 12.5}, "It is 3 or rather 12.50", 1),
    ({"kind": "number", "absolute": 1}, {"expected": 12}, "about 13", 1),
    ({"kind": "number", "relative": 0.01}, {"expected": 1000}, "1,011", 0),
    ({"kind": "number", "field": "n"}, {"expected": "7"}, '{"n": 7}', 1),
    ({"kind": "number"}, {"expected": 1}, "none", 0),
    ({"kind": "number"}, {"expected": True}, "1", None),
    ({"kind": "length", "max_words": 2}, {}, "one two three", 0),
    ({"kind": "length", "min_chars": 3, "max_chars": 5}, {}, "four", 1),
    ({"kind": "refusal"}, {}, "I'm sorry, but I can't help with that.", 0),
    ({"kind": "refusal"}, {}, "I can help with that.", 1),
    ({"kind": "refusal"}, {}, "I cannot find your order; please give me its number.", 1),
    ({"kind": "refusal", "wanted": True}, {}, "As an AI, I am unable to say.", 1),
    ({"kind": "latency", "at_most_s": 1}, {}, "x", 1),
    ({"kind": "tokens", "at_most": 9}, {}, "x", 0),
    ({"kind": "cost", "at_most_usd": 0.00003}, {}, "x", 1),
    ({"kind": "assertions"}, {"assert": [{"kind": "exact"}, {"kind": "refusal"}], "expected": "x"}, "x", 1),
    ({"kind": "assertions"}, {"assert": [{"kind": "exact"}, {"kind": "refusal"}], "expected": "y"}, "x", 0),
    ({"kind": "assertions"}, {"assert": [{"kind": "exact"}]}, "x", None),
]


@pytest.mark.parametrize(("rule", "known", "text", "value"), ALL)
def test_D1_a_rule_says(rule: dict[str, Any], known: dict[str, Any], text: str, value: float | None) -> None:
    """Its value for this answer; None is unscored, with a reason, where the case does not know what is right."""
    answer = Answer(text=text, latency_ms=999.0, tokens_in=100, tokens_out=10)
    asked = msgspec.convert(rule, Rule)
    found = score(asked, msgspec.convert({**CASE, **known}, Case), answer, Price(input=0.1, output=2.0))
    assert found.value == value
    assert bool(found.reason) == (value is None)


def test_every_kind_is_tried() -> None:
    """No rule without an example above."""
    assert {rule["kind"] for rule, *_ in ALL} == set(KINDS) - {"judge"}


def test_what_the_provider_did_not_tell_is_unscored() -> None:
    """Neither tokens nor costs are guessed."""
    case, answer = msgspec.convert(CASE, Case), Answer(text="x", latency_ms=1)
    for rule in ({"kind": "tokens", "at_most": 9}, {"kind": "cost", "at_most_usd": 1}):
        assert score(msgspec.convert(rule, Rule), case, answer, Price(input=1, output=1)).value is None
    priced = Answer(text="x", latency_ms=1, tokens_in=1, tokens_out=1)
    assert score(msgspec.convert({"kind": "cost", "at_most_usd": 1}, Rule), case, priced).value is None


def test_a_refusal_of_the_provider_counts() -> None:
    """The `refusal` field and the content filter, whatever the words."""
    case = msgspec.convert(CASE, Case)
    for answer in (
        Answer(text="x", latency_ms=1, refused=True),
        Answer(text="", latency_ms=1, finish="content_filter"),
    ):
        assert score(msgspec.convert({"kind": "refusal"}, Rule), case, answer).value == 0


def test_assertions_have_nothing_to_say_where_there_are_none() -> None:
    """Such a case is left out, not unscored."""
    assert not applies(Assertions(), msgspec.convert(CASE, Case))


@pytest.mark.parametrize(
    ("schema", "what"),
    [({"type": "strin"}, "not a JSON schema"), ({"$ref": "https://example.com/s"}, "leads out of the schema")],
)
def test_schemas_are_checked_and_fetch_nothing(schema: dict[str, Any], what: str) -> None:
    """A broken schema, or one that would ask the network, is refused."""
    with pytest.raises(InvalidInput, match=what):
        check_schema(schema)
