"""What each step of a plan would see of an app's traffic, metric by metric: units, hours, power, bad answers."""

from __future__ import annotations

import math
from collections.abc import Callable

from serinus.core.decision.harm import margin_of, own_alpha
from serinus.core.lint import power, ratios, scores
from serinus.core.lint.foreseen import DropForecast, Forecast, HarmForecast, MetricForecast, StepForecast
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


def forecast(plan: Plan, traffic: Traffic) -> Forecast:
    """The forecast. Pure arithmetic on expected counts; steps take their turn as early as they can."""
    acting = [rail for rail in plan.guardrails if not rail.dry_run and rail.role != "info"]
    watched = [rail for rail in acting if rail.kind == "events"]
    known = [rail for rail in acting if base_rate(traffic, rail) > 0]
    scored = [rail for rail in acting if rail.kind == "score"]
    graded = [rail for rail in scored if scores.graded_of(traffic, rail)]
    spent = [rail for rail in acting if rail.kind == "ratio"]
    line = _Line(plan, traffic)
    steps = []
    for step in range(len(plan.steps)):
        line.enter(step)
        steps.append(line.forecast(step, [rail for rail in acting if rail in known or rail in graded or rail in spent]))
        if not math.isfinite(line.hours):
            break
    return Forecast(
        steps=tuple(steps),
        harms=tuple(line.harm(rail) for rail in acting if rail in known or rail in spent),
        unknown=tuple(rail.metric for rail in watched if rail.metric not in traffic.rates),
        unseen=tuple(rail.metric for rail in watched if traffic.rates.get(rail.metric) == 0),
        hours=_finite(line.hours),
        assumed=tuple(rail.metric for rail in spent if ratios.assumed(traffic, rail)),
        drops=tuple(line.drop(rail) for rail in graded),
        ungraded=tuple(rail.metric for rail in scored if rail not in graded),
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
    alpha = own_alpha(plan, guardrail)
    compared = sum(not plan.is_watch(step) for step in range(len(plan.steps)))
    renews = guardrail.kind != "ratio"
    weights = renewal.step_weights(renewal.of_level(alpha), compared) if renews else combine.restart_weights(compared)
    return -math.log(alpha * weights[0])


class _Line:
    """The plan's steps on a line of hours from the first step on."""

    def __init__(self, plan: Plan, traffic: Traffic) -> None:
        self._plan = plan
        self._traffic = traffic
        self._starts: list[float] = []
        self._waits_for = ""
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
            metrics=tuple(self._rail(step, rail) for rail in compared),
            waits_for=self._waits_for,
        )

    def harm(self, rail: Guardrail) -> HarmForecast:
        """Harm of the design ratio from the start on, while the arms are compared."""
        bar = log_bar(self._plan, rail)
        median, likely, until = self._found(lambda t: self._seen(t, rail, rail.design_ratio, bar))
        return HarmForecast(
            metric=rail.metric,
            ratio=ratio_of(self._traffic, rail, rail.design_ratio),
            hours_median=_finite(median),
            hours_likely=_finite(likely),
            exposed_units=self._units(until),
            bad_answers=self._calls(until) * self._bad_share(rail),
        )

    def drop(self, rail: Guardrail) -> DropForecast:
        """The same of a score that is lower than is tolerated."""
        lower, bar = rail.drop + scores.DESIGN_DROP, log_bar(self._plan, rail)
        median, likely, until = self._found(lambda t: self._drop_seen(t, rail, lower, bar))
        return DropForecast(
            metric=rail.metric,
            drop=lower,
            hours_median=_finite(median),
            hours_likely=_finite(likely),
            exposed_units=self._units(until),
        )

    def _found(self, seen: Callable[[float], float]) -> tuple[float, float, float]:
        """Hours until something is seen with chance ½ and `SEES`, and until the first of them or the watch."""
        plan = self._plan
        watch = next((start for step, start in enumerate(self._starts) if plan.is_watch(step)), self.hours)
        end = min(watch, LONGEST_HOURS)

        def within(chance: float) -> float:
            return power.least(lambda t: seen(t) >= chance, _SHORTEST_HOURS, end)

        median = within(0.5)
        return median, within(SEES), min(median, end)

    def _length(self, step: int) -> float:
        """Hours: the dwell, or until each arm has its units of this step, and their grades; inf when it never has."""
        plan, own, self._waits_for = self._plan, self._slice(step), ""
        longest, least = plan.steps[step].dwell_s / _S_PER_HOUR, plan.steps[step].min_units
        if plan.is_watch(step):
            return longest

        def until(holds: Callable[[float], bool]) -> float:
            return power.least(holds, _SHORTEST_HOURS, LONGEST_HOURS)

        if least:
            longest = max(longest, until(lambda t: own * self._traffic.units(t) >= least))
        for rail in plan.guardrails:
            hours = until(self._graded(rail, own)) if _awaits_grades(rail, self._traffic) else 0.0
            if hours > longest:
                longest, self._waits_for = hours, rail.metric
        return longest

    def _graded(self, rail: Guardrail, own: float) -> Callable[[float], bool]:
        return lambda hours: scores.units(self._traffic, rail, [(hours, own)]) >= rail.labels_needed

    def _bad_share(self, rail: Guardrail) -> float:
        return 1.0 if rail.kind == "ratio" else min(1.0, rail.design_ratio * base_rate(self._traffic, rail))

    def _rail(self, step: int, rail: Guardrail) -> MetricForecast:
        kinds = {"score": self._score, "ratio": self._ratio}
        return kinds.get(rail.kind, self._metric)(step, rail)

    def _ratio(self, step: int, rail: Guardrail) -> MetricForecast:
        plan, end, bar = self._plan, self.hours, log_bar(self._plan, rail)
        hours = None
        if plan.steps[step].require == "non_inferior" and rail in plan.promoting():
            wanted, needed = 1 - plan.beta / (len(plan.promoting()) + 1), -math.log(plan.beta)
            start = self._starts[step]
            shown = power.least(
                lambda t: ratios.shown(self._error(start + t, rail), rail, needed) >= wanted,
                _SHORTEST_HOURS,
                LONGEST_HOURS,
            )
            hours = _finite(shown)
        smallest = power.least(
            lambda r: self._seen(end, rail, r, bar) >= SEES, rail.max_ratio * ratios.LEAST_RATIO, LARGEST_RATIO
        )
        return MetricForecast(
            metric=rail.metric,
            unit_rate=1.0,
            seen=self._seen(end, rail, rail.design_ratio, bar),
            smallest_harm=_finite(smallest),
            hours_to_show=hours,
            error=_finite(self._error(end, rail)),
        )

    def _error(self, hours: float, rail: Guardrail) -> float:
        return ratios.error(self._traffic, rail, self._enrolled(hours))

    def _score(self, step: int, rail: Guardrail) -> MetricForecast:
        plan, end, bar = self._plan, self.hours, log_bar(self._plan, rail)
        hours = None
        if plan.steps[step].require == "non_inferior" and rail in plan.promoting():
            wanted, needed = 1 - plan.beta / (len(plan.promoting()) + 1), -math.log(plan.beta)
            start = self._starts[step]
            shown = power.least(
                lambda t: scores.shown(self._traffic, rail, self._slices(start + t), needed) >= wanted,
                _SHORTEST_HOURS,
                LONGEST_HOURS,
            )
            hours = _finite(shown)
        units, graded = self._units(end), scores.units(self._traffic, rail, self._slices(end))
        smallest = power.least(
            lambda d: self._drop_seen(end, rail, d, bar) >= SEES, rail.drop + scores.LEAST_DROP, scores.LARGEST_DROP
        )
        return MetricForecast(
            metric=rail.metric,
            unit_rate=graded / units if units else 0.0,
            seen=self._drop_seen(end, rail, rail.drop + scores.DESIGN_DROP, bar),
            smallest_harm=None,
            hours_to_show=hours,
            graded=graded,
            smallest_drop=_finite(smallest),
        )

    def _drop_seen(self, hours: float, rail: Guardrail, drop: float, bar: float) -> float:
        return scores.seen(self._traffic, rail, [self._slices(part * hours) for part in _PARTS], drop, bar)

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
        if rail.kind == "ratio":
            errors = (self._error(part * hours, rail) for part in _PARTS)
            return max(ratios.seen(error, rail, ratio, bar) for error in errors)
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

    def _slices(self, hours: float) -> list[tuple[float, float]]:
        """(hours since they could enrol, their share of all units) of each step so far."""
        return [(hours - start, self._slice(step)) for step, start in enumerate(self._starts) if hours > start]

    def _enrolled(self, hours: float) -> list[tuple[float, float]]:
        """(hours since they could enrol, units per arm) of each step so far."""
        return [(age, own * self._traffic.units(age)) for age, own in self._slices(hours) if own]

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


def _awaits_grades(rail: Guardrail, traffic: Traffic) -> bool:
    """Whether a step waits for its grades, as far as anybody knows how many come."""
    acts = rail.kind == "score" and rail.role == "guardrail" and not rail.dry_run
    return acts and scores.graded_of(traffic, rail) is not None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
