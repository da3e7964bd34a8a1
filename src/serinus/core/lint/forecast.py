"""What each step of a plan would see of an app's traffic, metric by metric: units, hours, power, bad answers."""

from __future__ import annotations

import math

import msgspec

from serinus.core.decision.harm import margin_of
from serinus.core.lint import power
from serinus.core.lint.shape import Shape
from serinus.core.lint.traffic import Traffic
from serinus.core.metrics import Quantile, metric
from serinus.core.pipeline.fresh import fresh_share
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.stats import combine, renewal

SEES = 0.8
"""The chance from which on a harm counts as seen."""
LARGEST_RATIO = 100.0
LONGEST_HOURS = 90 * 24.0
"""A step that needs longer than this never ends."""
_SHORTEST_HOURS = 1 / 60
_S_PER_HOUR = 3600.0
_TIMES = 32
_PARTS = (1.0, 0.7, 0.5, 0.35, 0.25)
SURE = 0.999


class MetricForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A guardrail by the end of a step: the control's share of units with the event (of a quantile, beyond it), the
    chance that harm of its design ratio has been seen, the smallest ratio of rates, or of latencies, that is seen with
    chance `SEES` (None: none up to `LARGEST_RATIO`), and, where the step asks for it, the hours in which a candidate as
    good as the control is shown to be inside the margin (None: not within `LONGEST_HOURS`)."""

    metric: str
    unit_rate: float
    seen: float
    smallest_harm: float | None
    hours_to_show: float | None = None


class StepForecast(msgspec.Struct, frozen=True, kw_only=True):
    """A step: its hours (the dwell, or longer where units are short; None: it never ends), the units per arm enrolled
    in it and in all steps so far by its end, and the candidate's calls in an hour, at best, on average and at worst."""

    step: int
    share: float
    hours: float | None
    units: float
    units_so_far: float
    calls_busiest: float
    calls_mean: float
    calls_quietest: float
    metrics: tuple[MetricForecast, ...]


class HarmForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Harm of a guardrail's design ratio (`ratio`: of rates, or of latencies) from the start on: hours until it is
    seen with chance ½ and `SEES` (None: not before the watch), and by the first of them the candidate's users and its
    answers with the event."""

    metric: str
    ratio: float
    hours_median: float | None
    hours_likely: float | None
    exposed_units: float
    bad_answers: float


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """All of a plan's traffic. `unknown` are guardrails whose base rate nobody knows, `unseen` those whose event never
    happened, `beyond` those of kinds that are not forecast: costs, tokens, and scores. `hours`: until live, people and
    stages without traffic apart (None: never)."""

    steps: tuple[StepForecast, ...]
    harms: tuple[HarmForecast, ...]
    unknown: tuple[str, ...]
    unseen: tuple[str, ...]
    hours: float | None
    beyond: tuple[str, ...] = ()


def forecast(plan: Plan, traffic: Traffic) -> Forecast:
    """The forecast. Pure arithmetic on expected counts; steps take their turn as early as they can."""
    acting = [rail for rail in plan.guardrails if not rail.dry_run and rail.role != "info"]
    watched = [rail for rail in acting if rail.kind == "events"]
    known = [rail for rail in acting if base_rate(traffic, rail) > 0]
    line = _Line(plan, traffic)
    steps = []
    for step in range(len(plan.steps)):
        line.enter(step)
        steps.append(line.forecast(step, known))
        if not math.isfinite(line.hours):
            break
    return Forecast(
        steps=tuple(steps),
        harms=tuple(line.harm(rail) for rail in known),
        unknown=tuple(rail.metric for rail in watched if rail.metric not in traffic.rates),
        unseen=tuple(rail.metric for rail in watched if traffic.rates.get(rail.metric) == 0),
        hours=_finite(line.hours),
        beyond=tuple(rail.metric for rail in acting if rail.kind not in ("events", "quantile")),
    )


def base_rate(traffic: Traffic, guardrail: Guardrail) -> float:
    """The share of the control's calls with the event, or beyond its own quantile; 0 where nothing is known."""
    measure = metric(guardrail.metric).measure
    if isinstance(measure, Quantile):
        return 1.0 - measure.q
    return traffic.rates.get(guardrail.metric, 0.0) if guardrail.kind == "events" else 0.0


def ratio_of(traffic: Traffic, guardrail: Guardrail, ratio: float) -> float:
    """What a ratio of events means in the metric: of a quantile how many times longer calls take."""
    measure = metric(guardrail.metric).measure
    if not isinstance(measure, Quantile):
        return ratio
    return Shape(traffic.quantiles.get(measure.of, ())).slower(measure.q, guardrail.max_ratio, ratio)


def log_bar(plan: Plan, guardrail: Guardrail) -> float:
    """log E at which this guardrail's evidence from the start on rolls back by itself: log(1/α) over its share of the
    weight and that of the first of the restarts. A signal has no restarts' share to wait for but its own."""
    acting = [rail for rail in plan.guardrails if rail.role == guardrail.role and not rail.dry_run]
    weight = guardrail.weight / math.fsum(rail.weight for rail in acting)
    compared = sum(not plan.is_watch(step) for step in range(len(plan.steps)))
    renews = guardrail.kind in ("events", "quantile")
    whole = renewal.step_weights(compared)[0] if renews else combine.restart_weights(compared)[0]
    return -math.log(plan.alpha * weight * whole)


class _Line:
    """The plan's steps on a line of hours from the first step on."""

    def __init__(self, plan: Plan, traffic: Traffic) -> None:
        self._plan = plan
        self._traffic = traffic
        self._starts: list[float] = []
        self.hours = 0.0

    def enter(self, step: int) -> None:
        """Begin a step where the one before it ended; `hours` is then its own end."""
        self._starts.append(self.hours)
        self.hours += self._length(step)

    def forecast(self, step: int, rails: list[Guardrail]) -> StepForecast:
        plan, traffic = self._plan, self._traffic
        share, start = plan.candidate_share(step), self._starts[step]
        length = self.hours - start
        compared = [] if plan.is_watch(step) or not math.isfinite(length) else rails
        return StepForecast(
            step=step,
            share=share,
            hours=_finite(length),
            units=self._slice(step) * traffic.units(min(length, LONGEST_HOURS)),
            units_so_far=self._units(min(self.hours, start + LONGEST_HOURS)),
            calls_busiest=traffic.busiest * share,
            calls_mean=traffic.calls_per_hour * share,
            calls_quietest=traffic.quietest * share,
            metrics=tuple(self._metric(step, rail) for rail in compared),
        )

    def harm(self, rail: Guardrail) -> HarmForecast:
        """Harm of the design ratio from the start on, while the arms are compared."""
        plan, bar = self._plan, log_bar(self._plan, rail)
        watch = next((start for step, start in enumerate(self._starts) if plan.is_watch(step)), self.hours)
        end = min(watch, LONGEST_HOURS)

        def within(chance: float) -> float:
            return power.least(lambda t: self._seen(t, rail, rail.design_ratio, bar) >= chance, _SHORTEST_HOURS, end)

        median, likely = within(0.5), within(SEES)
        until = min(median, end)
        return HarmForecast(
            metric=rail.metric,
            ratio=ratio_of(self._traffic, rail, rail.design_ratio),
            hours_median=_finite(median),
            hours_likely=_finite(likely),
            exposed_units=self._units(until),
            bad_answers=self._calls(until) * min(1.0, rail.design_ratio * base_rate(self._traffic, rail)),
        )

    def _length(self, step: int) -> float:
        """Hours: the dwell, or until each arm has its units of this step; inf when it never has."""
        plan = self._plan
        dwell, least = plan.steps[step].dwell_s / _S_PER_HOUR, plan.steps[step].min_units
        if plan.is_watch(step) or not least:
            return dwell
        own = self._slice(step)
        return max(dwell, power.least(lambda t: own * self._traffic.units(t) >= least, _SHORTEST_HOURS, LONGEST_HOURS))

    def _metric(self, step: int, rail: Guardrail) -> MetricForecast:
        plan, end, bar = self._plan, self.hours, log_bar(self._plan, rail)
        base, tolerated = base_rate(self._traffic, rail), margin_of(rail).max_ratio
        smallest = power.least(lambda r: self._seen(end, rail, r, bar) >= SEES, tolerated, LARGEST_RATIO)
        hours = None
        if plan.steps[step].require == "non_inferior" and rail in plan.promoting():
            hours = _finite(self._hours_to_show(step, rail))
        units = self._units(end)
        return MetricForecast(
            metric=rail.metric,
            unit_rate=self._events(end, base) / units if units else 0.0,
            seen=self._seen(end, rail, rail.design_ratio, bar),
            smallest_harm=ratio_of(self._traffic, rail, smallest) if math.isfinite(smallest) else None,
            hours_to_show=hours,
        )

    def _hours_to_show(self, step: int, rail: Guardrail) -> float:
        """Hours of the step until a candidate as good as the control is shown inside the margin; missed at most with
        chance β over the number of guardrails and one (statistics 5)."""
        plan, start, base = self._plan, self._starts[step], base_rate(self._traffic, rail)
        wanted, needed = 1 - plan.beta / (len(plan.promoting()) + 1), -math.log(plan.beta)
        measure = metric(rail.metric).measure
        beyond = 0.0
        if isinstance(measure, Quantile):
            own = Shape(self._traffic.quantiles.get(measure.of, ()))
            beyond = own.above(rail.max_ratio * own.value(measure.q))

        def holds(hours: float) -> bool:
            expected = self._events(start + hours, base)
            if not beyond:
                return power.shown(expected, expected, rail.max_ratio, needed) >= wanted
            # Fewer of an equal candidate's calls are beyond its threshold, which is the margin further out.
            return power.seen(expected, self._events(start + hours, beyond), margin_of(rail), needed) >= wanted

        # When nearly every user has had the event once, the arms are alike again: what was shown by then stays shown.
        times = [_SHORTEST_HOURS * (LONGEST_HOURS / _SHORTEST_HOURS) ** (i / _TIMES) for i in range(_TIMES + 1)]
        first = next((i for i, at in enumerate(times) if holds(at)), None)
        if first is None:
            return math.inf
        return power.least(holds, times[first - 1], times[first]) if first else times[0]

    def _seen(self, hours: float, rail: Guardrail, ratio: float, bar: float) -> float:
        """At least the chance that it stands above the bar at any one time until then."""
        base, margin = base_rate(self._traffic, rail), margin_of(rail)
        best = 0.0
        for part in _PARTS:
            at = part * hours
            best = max(best, power.seen(self._events(at, min(1.0, ratio * base)), self._events(at, base), margin, bar))
            if best >= SURE:
                break
        return best

    def _slice(self, step: int) -> float:
        """The part of all units that enrols in an arm at this step."""
        plan = self._plan
        return 0.0 if plan.is_watch(step) else fresh_share(plan.steps, step)

    def _enrolled(self, hours: float) -> list[tuple[float, float]]:
        """(hours since they could enrol, units per arm) of each step so far."""
        ages = [(hours - start, self._slice(step)) for step, start in enumerate(self._starts) if hours > start]
        return [(age, own * self._traffic.units(age)) for age, own in ages if own]

    def _units(self, hours: float) -> float:
        return math.fsum(units for _, units in self._enrolled(hours))

    def _events(self, hours: float, rate: float) -> float:
        """Expected units of an arm with at least one event, for calls that have it with chance `rate`."""
        return math.fsum(units * self._traffic.unit_rate(rate, age) for age, units in self._enrolled(hours))

    def _calls(self, hours: float) -> float:
        """The candidate's calls."""
        shares = [self._plan.candidate_share(step) for step in range(len(self._starts))]
        ends = [*self._starts[1:], math.inf]
        spans = [max(0.0, min(hours, end) - start) for start, end in zip(self._starts, ends, strict=True)]
        return self._traffic.calls_per_hour * math.fsum(s * t for s, t in zip(shares, spans, strict=True))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
