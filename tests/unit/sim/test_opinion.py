"""What users think."""

from __future__ import annotations

from collections import Counter

import pytest
from scipy import stats

from serinus.sim.chance import Draws
from serinus.sim.opinion import is_good, thumbs

GOOD = '{"answer": "On its way.", "category": "delivery"}'


@pytest.mark.parametrize(
    ("status", "text", "category", "good"),
    [
        (200, GOOD, "delivery", True),
        (200, GOOD, "", True),
        (200, GOOD, "card_arrival", True),
        (200, "Just words.", "delivery", True),
        (200, GOOD, "refund", False),
        (200, GOOD[:20], "delivery", False),
        (200, f"Sure!\n```json\n{GOOD}\n```", "delivery", False),
        (200, "I cannot help with that request.", "delivery", False),
        (200, "Frankly, that is not our problem.", "delivery", False),
        (200, "", "delivery", False),
        (500, GOOD, "delivery", False),
    ],
)
def test_good_is_whole_right_and_polite(status: int, text: str, category: str, good: bool) -> None:
    """Foreign categories are not held against an answer."""
    assert is_good(status, text, category) is good


@pytest.mark.parametrize(("good", "down"), [(True, 0.03), (False, 0.6)])
def test_ratings_have_the_published_rates(good: bool, down: float) -> None:
    """Three in ten rate; bad answers get thumbs down far more often."""
    counts = Counter(thumbs(good, Draws("rating", n)) for n in range(20_000))
    rated = counts["up"] + counts["down"]
    for count, total, rate in ((rated, 20_000, 0.3), (counts["down"], rated, down)):
        low, high = stats.binom.ppf([1e-6, 1 - 1e-6], total, rate)
        assert low <= count <= high
