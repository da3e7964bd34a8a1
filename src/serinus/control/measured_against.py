"""What a gauge is held against."""

from __future__ import annotations

HOUR_S = 3600
CONTROL = "control"
LAST_WEEK = "this hour a week ago"
_WEEK_S = 7 * 86_400
_US = 1_000_000


def hour_last_week_us(until_us: int) -> int:
    """The start of the whole clock hour of seven days ago."""
    return (until_us // _US - _WEEK_S) // HOUR_S * HOUR_S * _US
