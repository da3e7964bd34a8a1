"""What an app asks of its incidents before they are closed (product.md K1)."""

from __future__ import annotations

from typing import Literal

import msgspec

SignOff = Literal["short", "full"]


class IncidentRules(msgspec.Struct, frozen=True, kw_only=True):
    """`block`: while an incident of the app is open, no release of it starts. `sign_off`: what must be signed before
    one is closed: the root cause alone, or the full list of K1."""

    block: bool = False
    sign_off: SignOff = "short"
