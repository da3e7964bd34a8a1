"""A shadow stage: which pairs come in until the end of each beat, and when they can tell something."""

from __future__ import annotations

import math
from datetime import UTC
from typing import NamedTuple

import numpy as np

from serinus.core.decision.observations import Flow, ShadowSeen
from serinus.core.decision.shadow import MOST_EARLY
from serinus.core.pipeline import peak
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.shadow import PAIRED, applying
from serinus.core.pipeline.stages import ShadowStage
from serinus.core.records.pair_totals import EventPairs, MeasurePairs, PairTotals
from serinus.core.records.sums import PAIR_SCALE
from serinus.rehearsal.bars import Bars
from serinus.rehearsal.beats import LONGEST_S
from serinus.rehearsal.calls import pace
from serinus.rehearsal.chances import effect_ratio
from serinus.rehearsal.gaps import shipped_s, silent_ms
from serinus.rehearsal.population import Bools, Floats, Ints
from serinus.rehearsal.scenario import Scenario, Traffic, is_latency
from serinus.rehearsal.silence import heard
from serinus.rehearsal.world import World

LATENCY = "latency"


class Mirrored(NamedTuple):
    """Beats `first`, `first` + 1, … Totals since the stage began: `units` [beat] with a pair, `events` [beat,
    metric, (only the candidate, only the baseline, both)], `latency` [beat, (count, total, squares)]. `age_ms` since
    a shadow call was last answered, `gap_ms`: for how long nothing has been shipped. `peak_us` [beat]: since when the
    peak window lasts, 0: it does not."""

    first: int
    metrics: tuple[str, ...]
    units: Ints
    events: Ints
    latency: Ints
    age_ms: Ints
    answered: Ints
    gap_ms: Ints
    peak_us: Ints
    beat_s: int

    @property
    def beats(self) -> int:
        """How many."""
        return len(self.units)

    def seen(self, beat: int) -> ShadowSeen:
        """What a round at the end of a beat sees."""
        found = {name: EventPairs(*map(int, self.events[beat, k])) for k, name in enumerate(self.metrics)}
        measured = MeasurePairs(*map(int, self.latency[beat]))
        return ShadowSeen(
            totals=PairTotals(
                units=int(self.units[beat]),
                events={name: pairs for name, pairs in sorted(found.items()) if any(self.events[beat].flat)},
                measures={LATENCY: measured} if measured.count else {},
            ),
            flow=Flow(age_ms=int(self.age_ms[beat]), seen=bool(self.answered[beat])),
            peak_since_us=int(self.peak_us[beat]),
        )


class PairLooks(NamedTuple):
    """Beats that can tell something. `acting`: evidence may have reached its bar, or a limit be broken; `changing`:
    nothing is heard, a peak window begins or ends, or one of these comes next; `heard`: shadow calls are answered;
    `enough`: the first beat at whose end all units are in that the stage asks for."""

    acting: Bools
    changing: Bools
    heard: Bools
    enough: int


def mirrored(
    rng: np.random.Generator, world: World, stage: ShadowStage, first: int, beats: int, peaks: Ints
) -> Mirrored:
    """Draw them. A user's first mirrored call makes the pair; both versions answer it each by its own luck."""
    scenario, people = world.scenario, world.people
    beat_s, whole = world.beat_s, np.arange(first, first + beats)
    starts = pace(scenario.traffic, whole, beat_s) / scenario.traffic.turns
    begun = np.concatenate(([0.0], np.cumsum(starts)))
    reach = np.diff(people.reach)
    copied = rng.random(len(reach)) < stage.share
    due = rng.exponential(size=len(reach)) / np.maximum(reach, np.finfo(float).tiny)
    users = np.flatnonzero(copied & (due < begun[-1]))
    at_s = (first + np.interp(due[users], begun, np.arange(beats + 1))) * beat_s
    known_s = shipped_s(scenario.gaps, at_s)
    beat = (known_s / beat_s).astype(np.int64) - first
    inside = beat < beats
    users, at_s, beat = users[inside], at_s[inside], beat[inside]
    names = tuple(name for name in world.metrics if name in PAIRED)
    events = (
        np.stack([_events(rng, world, name, users, at_s, beat, beats) for name in names], axis=1)
        if names
        else (np.zeros((beats, 0, 3), dtype=np.int64))
    )
    ends_s = np.asarray((whole + 1) * beat_s, dtype=np.float64)
    calls = rng.poisson(pace(scenario.traffic, whole, beat_s) * float(reach[copied].sum()))
    age_ms, answered = heard(rng, calls[:, None], ends_s, scenario.gaps, np.full(1, -1.0), beat_s)
    return Mirrored(
        first=first,
        metrics=names,
        units=np.cumsum(np.bincount(beat, minlength=beats)),
        events=np.cumsum(events, axis=0),
        latency=_latency(rng, scenario, people.segment[users], at_s, beat, beats),
        age_ms=age_ms[:, 0] - first * beat_s * 1000 * (answered[:, 0] == 0),
        answered=answered[:, 0],
        gap_ms=silent_ms(scenario.gaps, ends_s),
        peak_us=peaks,
        beat_s=beat_s,
    )


def _events(
    rng: np.random.Generator, world: World, name: str, users: Ints, at_s: Floats, beat: Ints, beats: int
) -> Ints:
    """By beat: pairs in which only the candidate, only the baseline, or both had the event."""
    k = world.metrics.index(name)
    kind, prone, begun = world.kinds[k], world.people.proneness[users], world.harm_began[k]
    ratio = np.ones(len(users))
    if kind.effect is not None and begun is not None:
        hit = world.people.segment[users] < kind.effect.segment
        ratio = np.where(hit, effect_ratio(kind.effect, begun, at_s), 1.0)
    candidate = rng.random(len(users)) < kind.harmed(at_s, prone, ratio)
    baseline = rng.random(len(users)) < kind.well(at_s, prone)
    sides = (candidate & ~baseline, baseline & ~candidate, candidate & baseline)
    return np.stack([np.bincount(beat[one], minlength=beats) for one in sides], axis=1)


def _latency(
    rng: np.random.Generator, scenario: Scenario, segment: Floats, at_s: Floats, beat: Ints, beats: int
) -> Ints:
    """Count, sum and sum of squares of log(candidate/baseline) in 1/PAIR_SCALE; zeros without latencies."""
    latency = scenario.latency
    if latency is None:
        return np.zeros((beats, 3), dtype=np.int64)
    logs = latency.spread * math.sqrt(2.0) * rng.standard_normal(len(at_s))
    effect = next((one for one in scenario.effect if is_latency(one.metric)), None)
    if effect is not None:
        logs = logs + np.where(segment < effect.segment, np.log(effect_ratio(effect, effect.from_s, at_s)), 0.0)
    stored = np.rint(PAIR_SCALE * logs)
    sums = [np.bincount(beat, weights=w, minlength=beats) for w in (np.ones(len(at_s)), stored, stored**2)]
    return np.asarray(np.cumsum(np.stack(sums, axis=1), axis=0)).astype(np.int64)


def pair_looks(plan: Plan, stage: ShadowStage, found: Mirrored, bars: Bars) -> PairLooks:
    """What the beats of a first attempt can tell."""
    acting = np.zeros(found.beats, dtype=np.bool_)
    for rail in applying(stage.guardrails, plan.guardrails):
        if rail.metric in found.metrics and rail.role != "info" and not rail.dry_run:
            pairs = found.events[:, found.metrics.index(rail.metric)]
            acting |= bars.reached(rail, pairs[:, 0], pairs[:, 1])
    enough = found.units >= stage.min_units
    for limit in stage.limits:
        if limit.metric in found.metrics:
            pairs = found.events[:, found.metrics.index(limit.metric)]
            over = np.maximum(pairs[:, 0], pairs[:, 1]) + pairs[:, 2] > limit.above * found.units
            acting |= over & (found.units >= (limit.min_pairs or stage.min_units if limit.above else 1))
        enough &= found.units >= (limit.min_pairs if limit.above else 0)
    for margin in stage.measures:
        if margin.measure == LATENCY and margin.role != "info":
            acting |= _far(found.latency, math.log(margin.tolerated), math.log(1 / plan.alpha))
    changing = (found.age_ms >= found.beat_s * 1000) | (found.answered == 0) | (found.gap_ms > 0)
    if stage.peak is not None:
        begins = np.diff(found.peak_us, prepend=0) != 0
        changing |= begins
        fresh = np.diff(found.units, prepend=0)
        steady = (found.peak_us > 0) & ~begins
        enough &= np.cumsum(np.where(steady, fresh, 0)) >= stage.peak.min_units
    changing[:-1] |= changing[1:]
    changing[-1:] = True
    quiet = (found.age_ms > plan.freshness_s * 1000) | (found.answered == 0) | (found.gap_ms > 0)
    reached = np.flatnonzero(enough)
    return PairLooks(acting, changing, ~quiet, int(reached[0]) if len(reached) else found.beats)


def _far(sums: Ints, margin: float, needed: float) -> Bools:
    """Where the mean is so far above the margin that the evidence may reach the bar: it is never above 2 e^(z²/2)."""
    n = np.maximum(sums[:, 0], 2).astype(np.float64)
    mean = sums[:, 1] / n
    variance = np.maximum(sums[:, 2] - n * mean * mean, 0.0) / (n - 1)
    z = (mean - PAIR_SCALE * margin) / np.sqrt(np.maximum(variance, 1.0) / n)
    return np.asarray((sums[:, 0] >= MOST_EARLY) & (z > 0) & (z * z / 2 + math.log(2.0) >= needed - 1e-5))


def peaks(stage: ShadowStage, traffic: Traffic, start_us: int, first: int, beats: int, beat_s: int = LONGEST_S) -> Ints:
    """Since when (µs) the window lasts at the end of each beat, 0 outside of it; `start_us`: midnight before the
    release began. Hours are those of the scenario's day, whatever the zone; `auto` are the busiest of its traffic."""
    window = stage.peak
    since = np.zeros(beats, dtype=np.int64)
    if window is None:
        return since
    if window.hours == peak.AUTO:
        week = np.arange(168)
        hourly = pace(traffic, week * 60) * 60
        offset_us = start_us + round(traffic.starts_at_s * 1e6)
        calls = {offset_us + int(h) * 3_600_000_000: round(n) for h, n in zip(week, hourly, strict=True)}
        floored = {at - at % 3_600_000_000: n for at, n in calls.items()}
        window = peak.Peak(hours=peak.AUTO, min_units=window.min_units, busiest=peak.busiest(floored))
    begun, beat_us = 0, beat_s * 1_000_000
    for i in range(beats):
        at_us = start_us + round(traffic.starts_at_s * 1e6) + (first + i + 1) * beat_us
        inside = peak.inside(window, at_us, UTC)
        begun = (begun or start_us + (first + i + 1) * beat_us) if inside else 0
        since[i] = begun
    return since
