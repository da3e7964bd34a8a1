"""When a target that failed is tried again: pauses grow from seconds to minutes, and end after two days."""

from __future__ import annotations

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
GIVE_UP_AFTER_S = 2 * 86400.0
"""A target away for an hour, or for a night, still gets everything; one that is gone for good is no longer asked."""
REST_AT_MOST_S = 60.0


def pause_s(attempts: int) -> float:
    """Seconds from the attempt number `attempts` (from 1) to the next: 5, 10, 20, … 300."""
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempts - 1, 20)))


def rest_s(attempts: int) -> float:
    """Seconds for which a target that failed gets nothing else either. Shorter than the pause: one message that is
    refused must not hold the others."""
    return min(REST_AT_MOST_S, pause_s(attempts))


def next_at_us(attempts: int, first_at_us: int, now_us: int) -> int:
    """When to try again after `attempts` failures of a message that was due first at `first_at_us`; 0: never."""
    following = now_us + round(pause_s(attempts) * 1e6)
    return following if following <= first_at_us + GIVE_UP_AFTER_S * 1e6 else 0
