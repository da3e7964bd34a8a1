"""What of the control's own past a guardrail measures by, frozen with the release."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.metrics import Quantile, metric
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.plan import Plan
from serinus.core.records.unit_measures import SLOTS
from serinus.core.routing.snapshot import Measured

_COST_SCALE = 1_000_000_000


class Yardstick(msgspec.Struct, frozen=True, kw_only=True):
    """The control's own quantile T of a latency, in µs: `at_us`, from so many `values`, on a boundary of the histogram
    that rollups keep, so that both count the same calls as above it. When it comes from the first
    control units, those users, and the candidate's up to then, are not judged by it."""

    metric: str
    at_us: int
    values: int
    source: Literal["history", "first control units"]


def wanting(plan: Plan, known: tuple[Yardstick, ...]) -> tuple[Guardrail, ...]:
    """The guardrails whose yardstick is not known."""
    have = {one.metric for one in known}
    return tuple(rail for rail in plan.guardrails if rail.kind == "quantile" and rail.metric not in have)


def measures(plan: Plan, known: tuple[Yardstick, ...]) -> tuple[Measured, ...]:
    """What the host agents measure for a plan, in its order; the slots follow from it, so that they never change."""
    at_us = {one.metric: one.at_us for one in known}
    rails = [rail for rail in plan.guardrails if rail.kind in ("quantile", "ratio")]
    return tuple(_measured(rail, slot, at_us.get(rail.metric, 0)) for slot, rail in enumerate(rails[:SLOTS]))


def _measured(rail: Guardrail, slot: int, at_us: int) -> Measured:
    judged = metric(rail.metric)
    if isinstance(judged.measure, Quantile):
        candidate = round(at_us * rail.max_ratio)
        return Measured(metric=rail.metric, of=judged.measure.of, slot=slot, candidate=candidate, control=at_us)
    of: Literal["cost", "tokens"] = "cost" if judged.per_unit == "cost" else "tokens"
    cap = round((rail.cap or 0) * (_COST_SCALE if of == "cost" else 1))
    return Measured(metric=rail.metric, of=of, slot=slot, candidate=cap, control=cap)
