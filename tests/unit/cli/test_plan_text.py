"""Parts of a plan in the words of a project file."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.cli.plan_text import limit_text


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ({"metric": "call.error", "above": 0.025, "below": None}, "call.error above 2.5% for 3m: rollback"),
        ({"metric": "latency.p99", "above": 5000.0, "below": None}, "latency.p99 above 5s for 3m: rollback"),
        (
            {"metric": "speed.tokens_per_s", "above": None, "below": 15.0},
            "speed.tokens_per_s below 15 tokens/s for 3m: rollback",
        ),
        (
            {"metric": "judge.correctness", "above": None, "below": 0.8, "buckets": 60},
            "judge.correctness below 0.8 on average of 1h: rollback",
        ),
        ({"metric": "custom.new", "above": 7.0}, "custom.new above 7 for 3m: rollback"),
    ],
)
def test_a_limit_reads_as_it_is_written(limit: dict[str, Any], text: str) -> None:
    """In its metric's unit; of a metric that only a newer control knows the bare number."""
    assert limit_text({"buckets": 3, "bucket_s": 60, "action": "rollback", **limit}) == text
