"""The data that the `genai-prices` package holds. Loading it takes a quarter of a second, so that `genai_table` does it
when a price is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version

from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot
from genai_prices.types import ModelPrice, TieredPrices

from serinus.core.routing.price import Price, Tier

_NANO = 10**9
_INPUT, _OUTPUT, _CACHED = "input_mtok", "output_mtok", "cache_read_mtok"


class GenaiData:
    """The table as of the installed package; `now_us` says which of a model's prices holds today."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._table = f"genai-prices {version('genai-prices')}"
        self._data = DataSnapshot(providers=providers, from_auto_update=False)

    def price(self, base_url: str, model: str) -> Price | None:
        """Of a model at a provider with this URL; None for another one, and for a model that is not priced by tokens
        of text alone."""
        try:
            _, known = self._data.find_provider_model(model, None, None, base_url)
        except LookupError:
            return None
        found = known.get_prices(datetime.fromtimestamp(self._now_us() / 1e6, UTC))
        parts = {name: getattr(found, name, None) for name in (_INPUT, _OUTPUT, _CACHED)}
        if parts[_INPUT] is None or not _by_tokens(found):
            return None
        starts = sorted(
            {tier.start for part in parts.values() if isinstance(part, TieredPrices) for tier in part.tiers}
        )
        return Price(
            input=_at(parts[_INPUT], 0) or 0,
            output=_at(parts[_OUTPUT], 0) or 0,
            cached=_at(parts[_CACHED], 0),
            tiers=tuple(
                Tier(
                    above=start,
                    input=_at(parts[_INPUT], start) or 0,
                    output=_at(parts[_OUTPUT], start) or 0,
                    cached=_at(parts[_CACHED], start),
                )
                for start in starts
            ),
            table=self._table,
        )


def _by_tokens(found: ModelPrice) -> bool:
    """Whether a call has no price of its own besides that of its tokens."""
    return getattr(found, "requests_kcount", None) is None


def _at(part: Decimal | TieredPrices | None, start: int) -> int | None:
    """Nano-USD for a million tokens in the tier that begins at `start`."""
    if part is None:
        return None
    if isinstance(part, TieredPrices):
        fitting = [tier.price for tier in part.tiers if tier.start <= start]
        part = fitting[-1] if fitting else part.base
    return round(part * _NANO)
