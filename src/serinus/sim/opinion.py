"""What a simulated user thinks of an answer, and whether the user says so."""

from __future__ import annotations

from typing import Literal

import orjson

from serinus.sim.answers import CATEGORIES, OFF_TONES, REFUSALS
from serinus.sim.chance import Draws

Thumbs = Literal["up", "down", ""]

RATES_SHARE = 0.3
DOWN_WHEN_GOOD = 0.03
DOWN_WHEN_BAD = 0.6


def is_good(status: int, text: str, category: str) -> bool:
    """Whether an answer pleases: a success, no refusal, whole JSON where it is JSON, in the right category and tone.

    `category` counts only when it is one of the simulated provider's.
    """
    if status != 200 or not text or text in REFUSALS or any(sentence in text for sentence in OFF_TONES):
        return False
    if "{" not in text:
        return True
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    named = answer.get("category") if isinstance(answer, dict) else None
    return category not in CATEGORIES or named is None or named == category


def thumbs(good: bool, draws: Draws) -> Thumbs:
    """The rating that the user gives; empty when the user gives none (7 of 10)."""
    if draws.uniform() >= RATES_SHARE:
        return ""
    return "down" if draws.uniform() < (DOWN_WHEN_GOOD if good else DOWN_WHEN_BAD) else "up"
