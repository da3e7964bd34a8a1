"""The chance of each event for each call: base rate, drift, outage, and what the candidate does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy import special

from serinus.core.metrics import Quantile, metric
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Plan
from serinus.core.records.histogram import GAMMA, index_of, value_at
from serinus.core.release.yardstick import Yardstick
from serinus.rehearsal.population import Bools, Floats
from serinus.rehearsal.scenario import DAY_S, Drift, Effect, Latency, Scenario, is_latency

_HISTORY = 100_000
_US_PER_S = 1e6
_US_PER_MS = 1e3


class Kind(Protocol):
    """One kind of event that a call can have. `mark`: the row of a call's marks that decides it."""

    @property
    def name(self) -> str:
        """What it is called: its metric, and for slow calls the bound."""
        ...

    @property
    def mark(self) -> int:
        """The row of the marks."""
        ...

    @property
    def tolerated(self) -> float:
        """So many times the control's bound is the candidate's; 1 where both are alike."""
        ...

    @property
    def effect(self) -> Effect | None:
        """What the candidate does to it."""
        ...

    def well(self, at_s: Floats, proneness: Floats | float) -> Floats:
        """The chance of the baseline's calls."""
        ...

    def harmed(self, at_s: Floats, proneness: Floats | float, ratio: Floats) -> Floats:
        """The chance of calls in which the candidate multiplies it by `ratio`."""
        ...


class EventKind:
    """An event metric with a rate."""

    def __init__(self, scenario: Scenario, mark: int) -> None:
        self.rate = scenario.rates[mark]
        self.tolerated = 1.0
        self.name = self.rate.metric
        self.mark = mark
        self.effect = next((one for one in scenario.effect if one.metric == self.name), None)
        self._drifts = [one for one in scenario.drift if one.metric == self.name]
        self._outages = [one for one in scenario.outages if one.metric == self.name]

    def well(self, at_s: Floats, proneness: Floats | float) -> Floats:
        """The chance of the baseline's calls."""
        return self.harmed(at_s, proneness, np.ones(1))

    def harmed(self, at_s: Floats, proneness: Floats | float, ratio: Floats) -> Floats:
        """The chance of calls in which the candidate multiplies it by `ratio`."""
        chance = np.full(len(at_s), self.rate.chance)
        for drift in self._drifts:
            chance = chance * _moved(drift, at_s)
        return np.minimum(1.0, np.maximum(chance * proneness * ratio, self.outage(at_s)))

    def outage(self, at_s: Floats) -> Floats:
        """The least chance on both arms: 0 while the provider is well."""
        least = np.zeros(len(at_s))
        for outage in self._outages:
            within = (at_s >= outage.from_s) & (at_s < outage.from_s + outage.for_s)
            least = np.where(within, np.maximum(least, outage.chance), least)
        return least


class SlowKind:
    """Calls that take longer than a bound: of the control `edge_us`, of the candidate `tolerated` times that."""

    def __init__(self, scenario: Scenario, name: str, edge_us: float, tolerated: float = 1.0) -> None:
        latency = scenario.latency or Latency()
        self.name = name
        self.mark = len(scenario.rates)
        self.tolerated = tolerated
        self.effect = next((one for one in scenario.effect if is_latency(one.metric)), None)
        self._drifts = [one for one in scenario.drift if is_latency(one.metric)]
        self._spread = latency.spread
        self._beyond = (math.log(edge_us) - math.log(latency.median_s * _US_PER_S)) / latency.spread

    def well(self, at_s: Floats, proneness: Floats | float) -> Floats:
        """The chance of the baseline's calls."""
        return self.harmed(at_s, proneness, np.ones(1))

    def harmed(self, at_s: Floats, proneness: Floats | float, ratio: Floats) -> Floats:
        """The chance of calls that take `ratio` times as long; nobody is prone to that."""
        for drift in self._drifts:
            ratio = ratio * _moved(drift, at_s)
        # Few different ratios, many calls: the normal distribution is asked for as few as there are.
        different, which = np.unique(ratio, return_inverse=True)
        chances = special.ndtr(np.log(different) / self._spread - self._beyond)
        return np.broadcast_to(chances[which], at_s.shape)


def slower_part(scenario: Scenario) -> float:
    """The share of users whose latency the candidate changes."""
    effect = next((one for one in scenario.effect if is_latency(one.metric)), None)
    return effect.segment if effect else 0.0


def log_latency_us(scenario: Scenario, at_s: Floats, marks: Floats, hit: Bools) -> Floats:
    """The logarithm of the latency of each call in µs, by its mark: the smaller, the slower, as `SlowKind` takes them.
    `hit`: the candidate changes it."""
    latency = scenario.latency or Latency()
    found = math.log(latency.median_s * _US_PER_S) - latency.spread * special.ndtri(marks)
    for drift in scenario.drift:
        if is_latency(drift.metric):
            found = found + np.log(_moved(drift, at_s))
    effect = next((one for one in scenario.effect if is_latency(one.metric)), None)
    if effect is not None and hit.any():
        found = found + np.where(hit, np.log(effect_ratio(effect, effect.from_s, at_s)), 0.0)
    return np.asarray(found)


def kinds(scenario: Scenario, plan: Plan, yardsticks: Sequence[Yardstick] = ()) -> tuple[Kind, ...]:
    """All kinds of events that a release of this plan counts: those of the scenario's rates, then what guardrails on
    latency count, by their yardsticks, then what limits on it do."""
    found: list[Kind] = [EventKind(scenario, mark) for mark in range(len(scenario.rates))]
    ratios = {rail.metric: rail.max_ratio for rail in plan.guardrails}
    found += [SlowKind(scenario, one.metric, one.at_us, ratios[one.metric]) for one in yardsticks]
    for limit in plan.limits:
        if scenario.latency and is_latency(limit.metric) and slow(limit) not in (one.name for one in found):
            found.append(SlowKind(scenario, slow(limit), counted_above_us(limit.bound * _US_PER_MS)))
    return tuple(found)


def own_yardsticks(scenario: Scenario, plan: Plan) -> tuple[Yardstick, ...]:
    """The control's own quantiles that the plan's guardrails compare with, as a long history of it has them."""
    found = []
    for rail in plan.guardrails:
        measure = metric(rail.metric).measure
        if scenario.latency and isinstance(measure, Quantile) and is_latency(rail.metric):
            own_s = scenario.latency.median_s * math.exp(scenario.latency.spread * special.ndtri(measure.q))
            found.append(
                Yardstick(metric=rail.metric, at_us=round(own_s * _US_PER_S), values=_HISTORY, source="history")
            )
    return tuple(found)


def slow(limit: Limit) -> str:
    """The name of what is above a limit's bound, or the metric of an event limit."""
    return f"{limit.metric} > {limit.bound:g}" if is_latency(limit.metric) else limit.metric


def quantile_ms(limit: Limit, latency: Latency, calls: int, above: int) -> float | None:
    """The quantile in a bucket of which this many calls are above the bound, as the shape of latencies has it: for
    people, decided is by the counts."""
    measure = metric(limit.metric).measure
    if not calls or not isinstance(measure, Quantile):
        return None
    at = special.ndtri((calls - above + 0.5) / (calls + 1))
    return float(limit.bound * math.exp(latency.spread * (special.ndtri(measure.q) - at)))


def effect_ratio(effect: Effect, begun_s: float, at_s: Floats) -> Floats:
    """How many times the control's chance the candidate's is, for users of the segment, when it began at `begun_s`."""
    since = at_s - begun_s
    grown = np.clip(since / effect.over_s, 0, 1) if effect.over_s else (since >= 0).astype(float)
    return np.asarray(1 + (effect.ratio - 1) * np.where(since >= 0, grown, 0.0))


def _moved(drift: Drift, at_s: Floats) -> Floats:
    since = at_s - drift.from_s
    if drift.kind == "step":
        part = (since >= 0).astype(float)
    elif drift.kind == "linear":
        part = np.clip(since / drift.over_s, 0, 1)
    else:
        part = np.where(since >= 0, (1 - np.cos(2 * np.pi * since / DAY_S)) / 2, 0.0)
    return np.asarray(1 + (drift.factor - 1) * part)


def counted_above_us(bound_us: float) -> float:
    """A latency above this lies in a bucket of the histogram that stands for more than the bound."""
    index = index_of(bound_us) - 1
    while value_at(index) <= bound_us:
        index += 1
    return _top(index - 1)


def _top(index: int) -> float:
    """The largest value of a bucket."""
    return math.exp(index * math.log(GAMMA))
