"""What a forecast says: of steps, of guardrails by the end of each, and of harm from the start on."""

from __future__ import annotations

import msgspec


class MetricForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A guardrail by the end of a step: the control's share of units with the event (of a quantile, beyond it), the
    chance that harm of its design ratio has been seen, the smallest ratio of rates, or of latencies, that is seen with
    chance `SEES` (None: none up to `LARGEST_RATIO`), and, where the step asks for it, the hours in which a candidate as
    good as the control is shown to be inside the margin (None: not within `LONGEST_HOURS`).

    Of a score `unit_rate` is the share of the arm's units that are `graded` by then, harm is a mean lower by
    `scores.DESIGN_DROP` more than is tolerated, and `smallest_drop` takes the place of `smallest_harm`: a share of the
    scale (None: no drop). Of cost and tokens every unit has a value, and `error` is the standard error of the log of
    the arms' ratio by then (None: too few units to judge it).
    """

    metric: str
    unit_rate: float
    seen: float
    smallest_harm: float | None
    hours_to_show: float | None = None
    graded: float | None = None
    smallest_drop: float | None = None
    error: float | None = None


class StepForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A step: its hours (the dwell, or longer where units are short; None: it never ends), the units per arm enrolled
    in it and in all steps so far by its end, and the candidate's calls in an hour, at best, on average and at worst.
    `waits_for` is the score whose grades make it longest; empty: its units, or its dwell."""

    step: int
    share: float
    hours: float | None
    units: float
    units_so_far: float
    calls_busiest: float
    calls_mean: float
    calls_quietest: float
    metrics: tuple[MetricForecast, ...]
    waits_for: str = ""


class HarmForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Harm of a guardrail's design ratio (`ratio`: of rates, latencies, cost or tokens) from the start on: hours until
    it is seen with chance ½ and `SEES` (None: not before the watch), and by the first of them the candidate's users and
    its answers with the event (of cost and tokens: all of its answers)."""

    metric: str
    ratio: float
    hours_median: float | None
    hours_likely: float | None
    exposed_units: float
    bad_answers: float


class DropForecast(msgspec.Struct, frozen=True, kw_only=True):
    """The same of a score: a mean lower by `drop` from the start on, as a share of the scale."""

    metric: str
    drop: float
    hours_median: float | None
    hours_likely: float | None
    exposed_units: float


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """All of a plan's traffic. `unknown` are guardrails whose base rate nobody knows, `ungraded` scores of which nobody
    knows how many come, `unseen` those whose event never happened, `assumed` those on cost or tokens of which nobody
    knows how they vary. `hours`: until live, people and stages without traffic apart (None: never)."""

    steps: tuple[StepForecast, ...]
    harms: tuple[HarmForecast, ...]
    unknown: tuple[str, ...]
    unseen: tuple[str, ...]
    hours: float | None
    assumed: tuple[str, ...] = ()
    drops: tuple[DropForecast, ...] = ()
    ungraded: tuple[str, ...] = ()
