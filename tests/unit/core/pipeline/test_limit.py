"""What an absolute limit may say."""

from __future__ import annotations

import math
from typing import Any

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.limit import EXAMPLES, Limit, check_limit


@pytest.mark.parametrize(
    ("fields", "what", "mend"),
    [
        ({"metric": "call.eror", "above": 0.1}, "unknown metric", "call.error"),
        ({"metric": "call.error"}, "call.error has no bound", "above: 2.5%"),
        ({"metric": "latency.p99", "above": 5000, "below": 1}, "two bounds", "above: 5s"),
        ({"metric": "call.error", "above": 1.0}, "above 1.0 is not in", "above: 2.5%"),
        ({"metric": "call.error", "below": 0.1}, "better when lower", "above: 2.5%"),
        ({"metric": "latency.p99", "above": 0}, "is not a number of ms above 0", "above: 5s"),
        ({"metric": "latency.p99", "above": math.inf}, "is not a number of ms above 0", "above: 5s"),
        ({"metric": "ttft.p95", "above": math.nan}, "is not a number of ms above 0", "above: 5s"),
        ({"metric": "latency.p99", "below": 5000}, "better when lower", "above: 5s"),
        ({"metric": "speed.tokens_per_s", "above": 15}, "better when higher", "below: 15 tokens/s"),
        ({"metric": "latency.p99", "above": 5000, "min_requests": 0}, "at least 1", "min_requests: 50"),
        ({"metric": "call.error", "above": 0.1, "by_chance": 0.06}, "0.06 is not in", "by_chance: 0.001%"),
        ({"metric": "cost.per_call", "above": 0.1, "by_chance": 0.01}, "is not known", "leave out `by_chance`"),
        ({"metric": "judge.correctness"}, "judge.correctness has no bound", "below: 0.80"),
        ({"metric": "judge.correctness", "above": 0.8}, "better when higher", "below: 0.80"),
        ({"metric": "judge.correctness", "below": 80}, "80 is not within 0 to 1", "below: 0.8"),
        ({"metric": "judge.correctness", "below": 1.0}, "1 is not within 0 to 1", "below: 0.8"),
        ({"metric": "judge.hallucination", "below": 0.05}, "better when lower", "0.80"),
        ({"metric": "feedback.rating", "below": 0.8}, "0.8 is not within 1 to 5", "below: 4.2"),
        ({"metric": "judge.correctness", "below": 0.8, "bucket_s": 1}, "a window of 5 times 1 s", "window: 1h"),
        ({"metric": "judge.correctness", "below": 0.8, "buckets": 1441}, "a window of 1441", "up to a day"),
    ],
)
def test_A6_a_limit_that_cannot_work_is_refused(fields: dict[str, Any], what: str, mend: str) -> None:
    """It is told where, what and how to mend it, in the metric's own unit."""
    with pytest.raises(InvalidInput) as refused:
        check_limit("plan.limits[2]", Limit(**fields))
    assert refused.value.where in ("plan.limits[2]", "metric")
    assert what in refused.value.what
    assert mend in refused.value.mend


def test_J1_every_metric_can_be_limited() -> None:
    """On its bad side, in its unit; and how to write that is known. Of a score the bound lies on its scale."""
    for metric in REGISTRY.values():
        side = "above" if metric.direction == "lower" else "below"
        bound = 2.5 if metric.name == "feedback.rating" else 0.5
        limit = Limit(metric=metric.name, **{side: bound})  # type: ignore[arg-type]
        check_limit("here", limit)
        assert (limit.side, limit.bound) == (side, bound)
        assert EXAMPLES[metric.unit].startswith(side if metric.kind != "score" else "below")
        assert limit.of_scores == (metric.kind == "score")
