"""Prices: whole numbers, exact, and unknown where something is not known."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.routing.price import DEAREST, Price, Tier, check_price

TOKENS = st.integers(0, 2_000_000)
PARTS = st.integers(0, 10**12)


@given(PARTS, PARTS, PARTS, TOKENS, TOKENS, TOKENS)
def test_O1_cost_is_tokens_times_price_to_the_nano_dollar(
    i: int, o: int, c: int, into: int, out: int, kept: int
) -> None:
    """The cost is the exact product, rounded half up once at its end; kept tokens are among those in."""
    found = Price(input=i, output=o, cached=c).cost_nano(into, out, kept)
    kept = min(kept, into)
    exact = Fraction((into - kept) * i + kept * c + out * o, 1_000_000)
    assert found - Fraction(1, 2) <= exact < found + Fraction(1, 2)


def test_a_price_of_15_cents_for_a_million_is_150_nano_a_token() -> None:
    """$0.15 for a million tokens is 0.15 µ$ for one."""
    price = Price(input=150_000_000, output=600_000_000)
    assert (price.cost_nano(1, 0), price.cost_nano(0, 1), price.cost_nano(1000, 100)) == (150, 600, 210_000)


def test_unknown_tokens_make_an_unknown_cost() -> None:
    """−1 for each of them; kept tokens that are not told are none."""
    price = Price(input=1_000_000, output=1_000_000, cached=0)
    assert price.cost_nano(-1, 5) == price.cost_nano(5, -1) == -1
    assert price.cost_nano(5, 0, -1) == 5


def test_a_tier_holds_for_all_tokens_of_a_call_above_it() -> None:
    """At its bound the lower price holds, one token further the higher one, for the whole call."""
    price = Price(input=1_000_000, output=2_000_000, tiers=(Tier(above=10, input=3_000_000, output=4_000_000),))
    assert price.cost_nano(10, 1) == 12
    assert price.cost_nano(11, 1) == 37


def test_kept_tokens_cost_as_others_without_a_price_of_their_own() -> None:
    """None is not free."""
    assert Price(input=2_000_000, output=0).cost_nano(10, 0, 10) == 20


@pytest.mark.parametrize("value", [-1, DEAREST + 1])
def test_a_price_beyond_belief_is_refused(value: int) -> None:
    """Also in a tier."""
    with pytest.raises(InvalidInput, match="price"):
        check_price("p", Price(input=value, output=0))
    with pytest.raises(InvalidInput, match="price"):
        check_price("p", Price(input=0, output=0, tiers=(Tier(above=1, input=0, output=value),)))
