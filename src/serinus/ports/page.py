"""Pages of listings."""

from __future__ import annotations

import msgspec


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Where a listing goes on: items after `cursor` (empty: from the newest), at most `limit` of them."""

    cursor: str = ""
    limit: int = 50
