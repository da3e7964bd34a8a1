"""Thresholds as people write them."""

from __future__ import annotations

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.threshold import Threshold
from serinus.files.thresholds import Mark, mark


@pytest.mark.parametrize(
    ("unit", "text", "threshold"),
    [
        ("share", "above 3%", Threshold(side="above", bound=0.03)),
        ("share", "> 3%", Threshold(side="above", bound=0.03)),
        ("ms", "above 3.5s", Threshold(side="above", bound=3500.0)),
        ("tokens/s", "< 25 tokens/s", Threshold(side="below", bound=25.0)),
        ("calls/s", "below 2.5 calls/s", Threshold(side="below", bound=2.5)),
        ("usd", "above $0.02", Threshold(side="above", bound=0.02)),
        ("share", "baseline + 20%", Threshold(side="above", factor=1.2)),
        ("share", "baseline - 20%", Threshold(side="below", factor=0.8)),
        ("calls/s", "baseline − 40%", Threshold(side="below", factor=0.6)),
        ("share", "baseline × 1.25", Threshold(side="above", factor=1.25)),
        ("share", "baseline x 2", Threshold(side="above", factor=2.0)),
        ("share", "baseline − 2 points", Threshold(side="below", factor=1.0, bound=-0.02)),
        ("share", "above baseline + 2 points", Threshold(side="above", factor=1.0, bound=0.02)),
        ("ms", "baseline + 500ms", Threshold(side="above", factor=1.0, bound=500.0)),
    ],
)
def test_A2_a_threshold_is_read(unit: str, text: str, threshold: Threshold) -> None:
    """In the unit of its metric."""
    assert mark(unit, text) == Mark(threshold, unit)


def test_A2_numbers_of_a_query_are_plain_or_percent() -> None:
    """A query has no unit but what its threshold tells."""
    assert mark(None, "above 12") == Mark(Threshold(side="above", bound=12.0), "")
    assert mark(None, "below -1.5") == Mark(Threshold(side="below", bound=-1.5), "")
    assert mark(None, "above 3%") == Mark(Threshold(side="above", bound=0.03), "share")


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("share", "3%"), ("share", ">0.03 %%"), ("share", "above"), ("share", ""),
        ("share", "above 3s"), ("share", "above 300%"),
        ("ms", "above 3%"), ("ms", "above 3"), ("ms", "baseline + 2 points"), ("share", "baseline ^ 2"),
        ("share", "baseline × 0"), ("share", "baseline × many"), ("calls/s", "below 5"), (None, "above 3s"),
        (None, "above many"), ("share", "above " + "9" * 99),
    ],
)  # fmt: skip
def test_what_is_no_threshold_is_refused(unit: str | None, text: str) -> None:
    """With how to write one."""
    with pytest.raises(InvalidInput) as caught:
        mark(unit, text)
    assert caught.value.mend
