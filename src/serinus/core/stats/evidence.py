"""What a test gives back: evidence in log space, or the reason why there is none. No data is an outcome, not a zero."""

from __future__ import annotations

import math

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.stats.domain import finite

REPLAY_DIGITS = 6
"""Digits of log E that a stored decision keeps."""


class NoData(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing can be said yet, and why, in words for a person."""

    reason: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """log E against a null hypothesis; E has mean at most 1 under it, at whatever time one looks.

    `no_data` is empty, or says why there is no evidence; then log E = 0, which neither accuses nor clears.
    """

    log_e: float = 0.0
    no_data: str = ""

    def __post_init__(self) -> None:
        """Refuse log E that is NaN or infinite, and evidence drawn from no data."""
        finite("log_e", self.log_e)
        if self.no_data and self.log_e != 0.0:
            raise InvalidInput(f"log E = {self.log_e} from no data", where="evidence", mend="no data is log E = 0")

    @property
    def p_value(self) -> float:
        """min(1, 1/E): valid at any time; a p-value that never rises is `p_value` of the largest log E seen."""
        return min(1.0, math.exp(-max(self.log_e, 0.0)))

    @property
    def stored(self) -> float:
        """log E as a decision stores it: rounded to 1e-6, so that a replay on another machine agrees."""
        return round(self.log_e, REPLAY_DIGITS)


def nothing(found: NoData) -> Evidence:
    """The evidence of no data: log E = 0 with the reason."""
    return Evidence(no_data=found.reason)
