"""Where prices of models come from when a project does not say them."""

from __future__ import annotations

import hashlib
from typing import Protocol

import msgspec

from serinus.core.routing.price import Price
from serinus.core.routing.snapshot import Endpoint


class PriceTable(Protocol):
    """A table of list prices. Asks nobody: it is what it was when it was installed."""

    def price(self, base_url: str, model: str) -> Price | None:
        """Of a model at an upstream; None when the table does not know both."""
        ...


class NoPrices:
    """An empty table."""

    def price(self, base_url: str, model: str) -> Price | None:
        """None."""
        return None


def price_of(table: PriceTable, endpoint: Endpoint, model: str) -> Price | None:
    """The price that the endpoint declares for a model, else the table's; None: nobody knows.

    Declared names also fit the dated names that begin with them; the longest that fits counts. Declared prices are
    named `project:` and a digest of all that the endpoint declares.
    """
    fitting = [name for name in endpoint.prices if model == name or model.startswith(f"{name}-")]
    if fitting:
        digest = hashlib.sha256(msgspec.json.encode(endpoint.prices, order="sorted")).hexdigest()[:12]
        return msgspec.structs.replace(endpoint.prices[max(fitting, key=len)], table=f"project:{digest}")
    return table.price(endpoint.base_url, model)
