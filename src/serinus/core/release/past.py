"""What of the live version's past a release is started with."""

from __future__ import annotations

from serinus.core.metrics import Metric, Quantile, metric
from serinus.core.pipeline.plan import Plan
from serinus.core.release.yardstick import Yardstick


def followed(plan: Plan, yardsticks: tuple[Yardstick, ...]) -> tuple[tuple[Metric, int], ...]:
    """By what control is held to its own past, with the bound in µs (0: an event): the guardrails that act, as far as a
    call itself tells of them, not somebody later; of a latency, where its yardstick comes from the past."""
    if plan.first or not plan.control_ratio:
        return ()
    at_us = {one.metric: one.at_us for one in yardsticks if one.source == "history"}
    found = []
    for rail in plan.guardrails:
        if rail.role == "info" or rail.dry_run or rail.awaits_labels:
            continue
        judged = metric(rail.metric)
        if judged.event or (isinstance(judged.measure, Quantile) and rail.metric in at_us):
            found.append((judged, at_us.get(rail.metric, 0)))
    return tuple(found)
