"""What tokens of a model cost, in whole numbers, so that sums are exact.

A price is in nano-USD for a million tokens: $0.15 for a million is 150,000,000, which is 150 nano-USD a token.
"""

from __future__ import annotations

import msgspec

from serinus.core.errors import InvalidInput

MILLION = 1_000_000
UNKNOWN = -1
DEAREST = 1_000_000 * 10**9
"""A million US dollars for a million tokens: whatever is above was meant otherwise."""


class Tier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Other prices for all tokens of a call with more than `above` tokens in. `cached` as in Price."""

    above: int
    input: int
    output: int
    cached: int | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nano-USD for a million tokens. `cached` is for tokens in that the provider had kept; None: as the others.

    `tiers` in order of `above`; `table` says where the price is from, and as of when.
    """

    input: int
    output: int
    cached: int | None = None
    tiers: tuple[Tier, ...] = ()
    table: str = ""

    def cost_nano(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> int:
        """Nano-USD of a call, half up; −1 when a number of tokens is not known. `tokens_cached` are among those in;
        below 0: not told, which is none."""
        if tokens_in < 0 or tokens_out < 0:
            return UNKNOWN
        chosen: Price | Tier = self
        for tier in self.tiers:
            if tokens_in > tier.above:
                chosen = tier
        kept = min(max(tokens_cached, 0), tokens_in)
        cached = chosen.input if chosen.cached is None else chosen.cached
        total = (tokens_in - kept) * chosen.input + kept * cached + tokens_out * chosen.output
        return (total + MILLION // 2) // MILLION


def check_price(where: str, price: Price) -> None:
    """InvalidInput when a price is below 0 or beyond belief."""
    parts = [price.input, price.output, price.cached or 0]
    parts += [part for tier in price.tiers for part in (tier.input, tier.output, tier.cached or 0)]
    if any(not 0 <= part <= DEAREST for part in parts):
        raise InvalidInput(
            "a price is not between $0 and $1,000,000 for a million tokens", where=where, mend="e.g. input: $0.15"
        )
