"""Triggers as the project file writes them."""

from __future__ import annotations

from typing import Any

from serinus.core.errors import InvalidInput
from serinus.core.metrics import metric
from serinus.core.pipeline.limit import SCORES_BY_CHANCE, SCORES_NEEDED, SCORES_WINDOW_S, Limit
from serinus.files.project_model import TriggerModel

_OF_BUCKETS = {"for_": "for", "bucket": "bucket", "min_requests": "min_requests"}
_OF_SCORES = {"window": "window", "min_samples": "min_samples"}


def limit_of(index: int, trigger: TriggerModel) -> Limit:
    """Core's value; InvalidInput names the place in a plan."""
    where = f"plan.limits[{index}]"
    scored = metric(trigger.metric).kind == "score"
    for name, key in (_OF_BUCKETS if scored else _OF_SCORES).items():
        if getattr(trigger, name) is not None:
            raise InvalidInput(
                f"{trigger.metric} is a score, so it has no `{key}`"
                if scored
                else f"{trigger.metric} is no score, so it has no `{key}`",
                where=where,
                mend="write `window: 1h, min_samples: 100`" if scored else "write `for: 5m, min_requests: 50`",
            )
    given = trigger.model_dump(include={"metric", "above", "below", "by_chance", "action"}, exclude_none=True)
    return _of_scores(where, trigger, given) if scored else _of_buckets(where, trigger, given)


def _of_scores(where: str, trigger: TriggerModel, given: dict[str, Any]) -> Limit:
    window_s = SCORES_WINDOW_S if trigger.window is None else trigger.window
    if window_s < 60 or window_s % 60:
        raise InvalidInput(
            f"a window of {window_s:g} s is not one of whole minutes", where=where, mend="write `window: 1h`"
        )
    least = SCORES_NEEDED if trigger.min_samples is None else trigger.min_samples
    return Limit(buckets=round(window_s / 60), min_requests=least, **{"by_chance": SCORES_BY_CHANCE, **given})


def _of_buckets(where: str, trigger: TriggerModel, given: dict[str, Any]) -> Limit:
    if trigger.for_ is None:
        raise InvalidInput("no `for`", where=where, mend="say for how long, such as `for: 5m`")
    in_minutes = trigger.bucket == "1m" or (trigger.bucket is None and trigger.for_ >= 60 and trigger.for_ % 60 == 0)
    bucket_s = 60 if in_minutes else 1
    if trigger.for_ < bucket_s or trigger.for_ % bucket_s:
        raise InvalidInput(
            f"`for` of {trigger.for_:g} s is not a whole number of {bucket_s} s buckets",
            where=where,
            mend="use whole minutes, or whole seconds without `bucket: 1m`",
        )
    if trigger.min_requests is not None:
        given["min_requests"] = trigger.min_requests
    return Limit(bucket_s=60 if in_minutes else 1, buckets=round(trigger.for_ / bucket_s), **given)
