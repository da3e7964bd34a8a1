"""What a shadow stage judges its pairs by, and whether it can work. A pair is one input with both versions' answers."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.guardrail import LARGEST_RATIO, Guardrail, Role, check_guardrail

ZERO_TOLERANCE = "call.zero_tolerance"
PAIRED = ("call.error", "call.refusal", "call.invalid_format", "call.policy_violation", ZERO_TOLERANCE)
"""Events that both calls of a pair can have: nobody waits for a shadow's answer or says what it was like."""

Measure = Literal["latency", "ttft", "tokens_out", "cost", "length"]
MARGINS: dict[Measure, float] = {"latency": 1.25, "ttft": 1.25, "tokens_out": 1.25, "cost": 1.15, "length": 1.25}
"""Ratios that are tolerated by default."""
TITLES: dict[Measure, str] = {
    "latency": "latency",
    "ttft": "time to first byte",
    "tokens_out": "tokens of the answer",
    "cost": "cost",
    "length": "length of the answer",
}


class PairLimit(msgspec.Struct, frozen=True, kw_only=True):
    """An absolute limit: the share of pairs in which the candidate had the event is above `above`, in [0, 1).

    It is read from `min_pairs` pairs on (0: the stage's `min_units`); above 0 the first event breaks it.
    """

    metric: str
    above: float
    min_pairs: int = 0


class MeasureMargin(msgspec.Struct, frozen=True, kw_only=True):
    """The geometric mean of candidate over baseline must not be above `max_ratio` (None: the measure's default)."""

    measure: Measure
    max_ratio: float | None = None
    role: Role = "signal"

    @property
    def tolerated(self) -> float:
        """The ratio beyond which it is harm."""
        return MARGINS[self.measure] if self.max_ratio is None else self.max_ratio


def applying(own: tuple[Guardrail, ...], plans: tuple[Guardrail, ...]) -> tuple[Guardrail, ...]:
    """The guardrails of a stage: its own, or else those of its plan that pairs can tell something of."""
    return own or tuple(one for one in plans if one.metric in PAIRED)


def check_pairs(
    where: str, guardrails: tuple[Guardrail, ...], limits: tuple[PairLimit, ...], measures: tuple[MeasureMargin, ...]
) -> None:
    """Refuse criteria that cannot work; InvalidInput below `where` says which and why."""
    for i, rail in enumerate(guardrails):
        place = f"{where}.guardrails[{i}]"
        check_guardrail(place, rail)
        _check_paired(place, rail.metric, [one.metric for one in guardrails[:i]])
    for i, limit in enumerate(limits):
        place = f"{where}.limits[{i}]"
        _check_paired(place, limit.metric, [one.metric for one in limits[:i]])
        if not 0 <= limit.above < 1:
            raise InvalidInput(f"above {limit.above} is not in [0, 1)", where=place, mend="e.g. above: 2%")
        if limit.min_pairs < 0:
            raise InvalidInput("min_pairs is below 0", where=place, mend="e.g. min_pairs: 200")
    for i, margin in enumerate(measures):
        place = f"{where}.measures[{i}]"
        if margin.measure in (one.measure for one in measures[:i]):
            raise InvalidInput(f"{margin.measure} stands twice", where=place, mend="keep one of them")
        if not 1 <= margin.tolerated <= LARGEST_RATIO:
            raise InvalidInput(
                f"max_ratio {margin.tolerated:g} is not from 1 to {LARGEST_RATIO:g}", where=place, mend="e.g. 1.25"
            )


def _check_paired(place: str, metric: str, before: list[str]) -> None:
    if metric not in PAIRED:
        raise InvalidInput(f"no pair tells anything of {metric}", where=place, mend=f"known here: {', '.join(PAIRED)}")
    if metric in before:
        raise InvalidInput(f"{metric} stands twice", where=place, mend="keep one of them")
