"""How the pairs of a shadow stage stand (statistics 4.5): which side had events, absolute rates, ratios of sizes.

A pair is one unit's, so that a user with many calls is one coin. A provider that fails fails on both sides of a pair:
only pairs in which the two differ are evidence, and an absolute limit that the baseline breaks too accuses nobody.
Measures are compared by the mean of log(candidate/baseline), asymptotically (statistics 4.2), from `MOST_EARLY` pairs.
"""

from __future__ import annotations

import math

import msgspec

from serinus.core.decision.harm import DIGITS
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.shadow import MARGINS, ZERO_TOLERANCE, Measure, MeasureMargin, PairLimit, applying
from serinus.core.pipeline.stages import ShadowStage
from serinus.core.records.pair_totals import EventPairs, MeasurePairs, PairTotals
from serinus.core.records.sums import PAIR_SCALE
from serinus.core.release.release import Release, ShadowProgress
from serinus.core.stats import combine, estimate, events, paired
from serinus.core.stats.evidence import NoData

MOST_EARLY = 100
"""Fewer pairs are no estimate: three alike have no spread at all."""
SPREAD = 0.5
"""Of log(candidate/baseline) over units, as planned for: it tunes the evidence and makes it neither right nor wrong."""
LEAST_SPREAD = 0.01
Rearmed = dict[str, dict[str, int]]


class PairedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event metric in `units` pairs. `role` is empty where nothing compares it; `log_e` is the evidence that the
    candidate has it more than `max_ratio` times as often, over what came since a person last acknowledged it."""

    metric: str
    units: int
    candidate_only: int
    baseline_only: int
    both: int
    role: str = ""
    dry_run: bool = False
    max_ratio: float | None = None
    log_e: float = 0.0
    culprit: bool = False


class PairedMeasure(msgspec.Struct, frozen=True, kw_only=True):
    """One measure: the geometric mean of candidate over baseline with its confidence sequence at 1 − α; None while
    fewer than `MOST_EARLY` pairs are in."""

    measure: Measure
    role: str
    max_ratio: float
    units: int
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    log_e: float = 0.0
    culprit: bool = False


class PairedLimit(msgspec.Struct, frozen=True, kw_only=True):
    """An absolute limit: pairs in which each side had the event. `vetoed`: the baseline is beyond it too."""

    metric: str
    above: float
    needed: int
    units: int
    candidate: int
    baseline: int
    broken: bool = False
    vetoed: bool = False


class Shadowing(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt of a shadow stage stands. `log_e` is the weighted evidence of all its guardrails, `needed` the log
    of 1/α; `culprits` are named when it is reached, `signals` reached it alone."""

    stage: int
    attempt: int
    units: int
    dwell_s: float
    peak_units: int
    events: tuple[PairedEvent, ...]
    measures: tuple[PairedMeasure, ...]
    limits: tuple[PairedLimit, ...]
    log_e: float
    needed: float
    culprits: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[PairedLimit, ...]:
        """Limits that the candidate alone breaks."""
        return tuple(one for one in self.limits if one.broken and not one.vetoed)

    @property
    def vetoed(self) -> tuple[PairedLimit, ...]:
        """Limits that both break."""
        return tuple(one for one in self.limits if one.broken and one.vetoed)


class _Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A criterion that can act: its name as a culprit, its role, its weight and its evidence."""

    name: str
    role: str
    weight: float
    log_e: float


def judge_shadow(release: Release, stage: ShadowStage, own: ShadowProgress) -> Shadowing:
    """The standing of the attempt that `own` is of."""
    plan = release.plan
    totals = own.totals.minus(own.floor)
    needed = round(math.log(1 / plan.alpha), DIGITS)
    rails = {rail.metric: rail for rail in applying(stage.guardrails, plan.guardrails)}
    names = sorted({*rails, *(limit.metric for limit in stage.limits), *totals.events})
    found = [_event(name, rails.get(name), own, release.rearmed) for name in names]
    margins = {margin.measure: margin for margin in stage.measures}
    measured = [_measure(name, margins.get(name), stage, own, release) for name in MARGINS]
    acting = [
        _Judged(name=e.metric, role=e.role, weight=rails[e.metric].weight, log_e=e.log_e)
        for e in found
        if e.role and not e.dry_run
    ]
    acting += [
        _Judged(name=m.measure, role=m.role, weight=1.0, log_e=m.log_e) for m in measured if m.measure in margins
    ]
    log_e, culprits = _release_evidence([one for one in acting if one.role == "guardrail"], plan.alpha, needed)
    signals = _signals([one for one in acting if one.role == "signal"], needed)
    named = {*culprits, *signals}
    return Shadowing(
        stage=own.stage,
        attempt=own.attempt,
        units=totals.units,
        dwell_s=own.dwell_ms / 1000,
        peak_units=own.peak_units,
        events=tuple(msgspec.structs.replace(e, culprit=e.metric in named) for e in found),
        measures=tuple(msgspec.structs.replace(m, culprit=m.measure in named) for m in measured if m.units),
        limits=tuple(_limit(limit, stage, own, release.rearmed) for limit in _limits(stage, totals)),
        log_e=log_e,
        needed=needed,
        culprits=culprits,
        signals=signals,
    )


def _event(name: str, rail: Guardrail | None, own: ShadowProgress, rearmed: Rearmed) -> PairedEvent:
    units, counted = _events_since(name, f"shadow:{name}", own, rearmed)
    shown = PairedEvent(
        metric=name,
        units=units,
        candidate_only=counted.candidate_only,
        baseline_only=counted.baseline_only,
        both=counted.both,
    )
    if rail is None:
        return shown
    pairs = paired.Pairs(
        candidate_only=counted.candidate_only,
        control_only=counted.baseline_only,
        tied=max(0, units - counted.candidate_only - counted.baseline_only),
    )
    evidence = paired.harm(pairs, events.Margin(rail.max_ratio, rail.design_ratio))
    return msgspec.structs.replace(
        shown, role=rail.role, dry_run=rail.dry_run, max_ratio=rail.max_ratio, log_e=evidence.stored
    )


def _limits(stage: ShadowStage, totals: PairTotals) -> tuple[PairLimit, ...]:
    """Those of the stage, and none of what is never tolerated, said or not."""
    found = totals.event(ZERO_TOLERANCE)
    declared = any(limit.metric == ZERO_TOLERANCE for limit in stage.limits)
    if declared or not found.candidate_only + found.both:
        return stage.limits
    return (*stage.limits, PairLimit(metric=ZERO_TOLERANCE, above=0.0))


def _limit(limit: PairLimit, stage: ShadowStage, own: ShadowProgress, rearmed: Rearmed) -> PairedLimit:
    units, counted = _events_since(limit.metric, f"shadow_limit:{limit.metric}", own, rearmed)
    candidate, baseline = counted.candidate_only + counted.both, counted.baseline_only + counted.both
    needed = (limit.min_pairs or stage.min_units) if limit.above else 1
    return PairedLimit(
        metric=limit.metric,
        above=limit.above,
        needed=needed,
        units=units,
        candidate=candidate,
        baseline=baseline,
        broken=units >= needed and candidate > limit.above * units,
        vetoed=baseline > limit.above * units,
    )


def _measure(
    name: Measure, margin: MeasureMargin | None, stage: ShadowStage, own: ShadowProgress, release: Release
) -> PairedMeasure:
    counted = _measure_since(name, own, release.rearmed)
    alpha = release.plan.alpha
    role, tolerated = (margin.role, margin.tolerated) if margin else ("info", MARGINS[name])
    shown = PairedMeasure(measure=name, role=role, max_ratio=tolerated, units=counted.count)
    effect = _effect(counted)
    if isinstance(effect, NoData):
        return shown
    planned = max(stage.min_units, MOST_EARLY) / SPREAD**2
    low, high = estimate.interval(effect, estimate.mixture_sd(planned, alpha, one_sided=False), alpha)
    tau = estimate.mixture_sd(planned, min(alpha, 0.25), one_sided=True)
    evidence = estimate.harm(effect, tau, math.log(tolerated))
    return msgspec.structs.replace(
        shown, ratio=math.exp(effect.value), low=math.exp(low), high=math.exp(high), log_e=evidence.stored
    )


def _effect(counted: MeasurePairs) -> estimate.Effect | NoData:
    n = counted.count
    if n < MOST_EARLY:
        return NoData(reason=f"{n} pairs")
    mean = counted.total / n
    variance = max(0.0, (counted.squares - n * mean * mean) / (n - 1)) / PAIR_SCALE**2
    return estimate.Effect(value=mean / PAIR_SCALE, variance=max(variance, LEAST_SPREAD**2) / n)


def _events_since(name: str, trigger: str, own: ShadowProgress, rearmed: Rearmed) -> tuple[int, EventPairs]:
    """What came since the attempt began, or since a person acknowledged this trigger, whichever is later."""
    floor_units, floor = own.floor.units, own.floor.event(name)
    position = rearmed.get(trigger, {})
    if position.get("units", -1) > floor_units:
        floor_units = position["units"]
        floor = EventPairs(position["candidate"], position["control"], position["both"])
    return own.totals.units - floor_units, own.totals.event(name).minus(floor)


def _measure_since(name: str, own: ShadowProgress, rearmed: Rearmed) -> MeasurePairs:
    floor, position = own.floor.measure(name), rearmed.get(f"measure:{name}", {})
    if position.get("count", -1) > floor.count:
        floor = MeasurePairs(position["count"], position["total"], position["squares"])
    return own.totals.measure(name).minus(floor)


def _release_evidence(acting: list[_Judged], alpha: float, needed: float) -> tuple[float, tuple[str, ...]]:
    if not acting:
        return 0.0, ()
    log_e, weights = [one.log_e for one in acting], combine.normalised([one.weight for one in acting])
    total = round(combine.mixed(log_e, weights), DIGITS)
    if total < needed:
        return total, ()
    named = combine.culprits(log_e, weights, alpha) or (log_e.index(max(log_e)),)
    return total, tuple(acting[i].name for i in named)


def _signals(acting: list[_Judged], needed: float) -> tuple[str, ...]:
    weights = combine.normalised([one.weight for one in acting]) if acting else ()
    return tuple(one.name for one, w in zip(acting, weights, strict=True) if one.log_e + math.log(w) >= needed)
