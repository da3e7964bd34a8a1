"""Fault rules."""

from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from serinus.core.errors import InvalidInput
from serinus.sim.chance import Draws
from serinus.sim.faults import KINDS, FaultRule, parse_demand, parse_rule, rules_of, split_model, strike


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_asked_for_in_every_form(kind: str) -> None:
    """Bare, with a share, with a value, as a suffix, and as JSON."""
    assert parse_rule(kind) == FaultRule(kind=kind)
    assert parse_rule(f"{kind}:0.25:2") == FaultRule(kind=kind, share=0.25, value=2.0)
    assert parse_demand(f"{kind}:2") == FaultRule(kind=kind, value=2.0)
    assert split_model(f"sim-large+{kind}") == ("sim-large", FaultRule(kind=kind))
    assert rules_of({"rules": [{"kind": kind, "share": 0.5}]}) == (FaultRule(kind=kind, share=0.5),)


@pytest.mark.parametrize(
    "text", ["", "nope", "500:2", "500:-1", "500:x", "500:1:2:3", "500:nan", "slow:1:-4", "slow:1:inf"]
)
def test_a_rule_that_means_nothing_is_refused(text: str) -> None:
    """The error says what is wrong and how to mend it."""
    with pytest.raises(InvalidInput) as raised:
        parse_rule(text)
    assert raised.value.mend


@pytest.mark.parametrize(
    "document",
    [{}, "500", {"rules": {}}, [{"kind": "nope"}], [{"share": 1}], [{"kind": "500", "chance": 1}], [{"kind": 500}]],
)
def test_a_document_without_proper_rules_is_refused(document: Any) -> None:
    """Unknown fields and kinds are refused, never passed over."""
    with pytest.raises(InvalidInput):
        rules_of(document)


def test_a_rule_strikes_its_share() -> None:
    """5 % of 20,000 arrivals, within exact binomial bounds."""
    rules = (FaultRule(kind="500", share=0.05),)
    count = sum(strike(rules, "m", "", Draws("arrival", n)) is not None for n in range(20_000))
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], 20_000, 0.05)
    assert low <= count <= high


def test_a_rule_is_about_its_model_and_prompt_only() -> None:
    """The first rule that fits strikes; what fits none is spared."""
    rules = (FaultRule(kind="500", model="sim-large-2"), FaultRule(kind="hang", prompt="Larkspur"))
    kinds = {
        key: (struck := strike(rules, *key, Draws("x"))) and struck.kind
        for key in [("sim-large-2-eu", "Larkspur"), ("sim-large", "of Larkspur."), ("sim-large", "")]
    }
    assert list(kinds.values()) == ["500", "hang", None]


def test_a_share_of_zero_never_strikes_and_of_one_always() -> None:
    """The ends are exact."""
    for n in range(1000):
        assert strike((FaultRule(kind="500", share=0.0),), "m", "", Draws(n)) is None
        assert strike((FaultRule(kind="500", share=1.0),), "m", "", Draws(n)) is not None
