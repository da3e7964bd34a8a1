"""List prices of public providers, from the data that the `genai-prices` package holds: nothing is ever fetched."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from serinus.core.routing.price import Price
from serinus.ports.prices import PriceTable


class GenaiPrices:
    """The table as of the installed package; `now_us` says which of a model's prices holds today. It is loaded when
    the first price is asked for: no process waits for it at its start."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._data: PriceTable | None = None

    def price(self, base_url: str, model: str) -> Price | None:
        """Of a model at a provider with this URL; None for another one, and for a model that is not priced by tokens
        of text alone."""
        if self._data is None:
            data: PriceTable = importlib.import_module("serinus.adapters.genai_data").GenaiData(self._now_us)
            self._data = data
        return self._data.price(base_url, model)
