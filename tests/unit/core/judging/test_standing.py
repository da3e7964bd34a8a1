"""How many calls of an hour a judge has taken, in words (I2)."""

from __future__ import annotations

import pytest

from serinus.core.judging.standing import hour_text


@pytest.mark.parametrize(
    ("queued", "at_least", "text"),
    [
        (144, 100, "144 (100 wanted: reached)"),
        (100, 100, "100 (100 wanted: reached)"),
        (20, 100, "20 (100 wanted: not yet)"),
        (0, 100, "0 (100 wanted: not yet)"),
        (1440, 0, "1,440"),
    ],
)
def test_I2_an_hours_calls_are_told_with_what_is_wanted(queued: int, at_least: int, text: str) -> None:
    """More than wanted is reached, and not 144 of 100."""
    assert hour_text(queued, at_least) == text
