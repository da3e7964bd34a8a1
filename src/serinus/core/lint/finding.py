"""One thing that a forecast finds in a plan."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["error", "warning", "info"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found: an `error` stops a start unless a person acknowledges it with a reason."""

    level: Level
    where: str
    what: str
    mend: str = ""
