"""Monitors of a rehearsed release: gauges of the product's own that the scenario's calls move, read when they are due.

A reading looks at whole buckets of its window, as `control.measure_gauge` does. In the watch, and only there, a
relative threshold is held to this hour a week ago: to what the scenario's calls are without drift and candidate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from serinus.core.decision.monitors import MonitorSeen, counts_at
from serinus.core.metrics import REGISTRY, Quantile
from serinus.core.monitoring.level import judged
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.gauge import TRAFFIC
from serinus.core.pipeline.monitor import MetricSource, Monitor
from serinus.core.pipeline.threshold import Threshold
from serinus.core.release.release import Release
from serinus.rehearsal.beats import BY_SECOND_UP_TO_S
from serinus.rehearsal.calls import pace
from serinus.rehearsal.counts import Counts, Scale
from serinus.rehearsal.population import Bools, Floats, Ints
from serinus.rehearsal.scenario import Scenario, is_latency
from serinus.rehearsal.stretch import Stretch

HOUR_S = 3600
CONTROL = "control"
LAST_WEEK = "this hour a week ago"
_US = 1_000_000


class Readings(NamedTuple):
    """Of one monitor, at the ends of `beats`; values and baselines NaN where there are none. `silent`: nothing had been
    shipped for so long that there is no number at all."""

    beats: Ints
    value: Floats
    samples: Ints
    baseline: Floats
    baseline_samples: Ints
    silent: Bools


class Watched:
    """The readings of all monitors that a stretch of beats meets."""

    def __init__(self, monitors: Sequence[Monitor], found: Sequence[Readings], stretch: Stretch, watch: bool) -> None:
        self._monitors = monitors
        self._found = found
        self._stretch = stretch
        self._against = LAST_WEEK if watch else CONTROL

    def critical(self, release: Release, *, back: bool = False) -> Bools:
        """Beats at whose end a monitor that counts at the release's step is critical; `back`: one that takes it back,
        a pause or not."""
        at = self._stretch.first + np.arange(self._stretch.beats)
        found = np.zeros(len(at), dtype=np.bool_)
        for monitor, one in zip(self._monitors, self._found, strict=True):
            if back and monitor.action != "rollback":
                continue
            if len(one.beats) and monitor.critical is not None and counts_at(release, monitor):
                newest = np.searchsorted(one.beats, at, side="right") - 1
                found |= (newest >= 0) & _critical(monitor, monitor.critical, one)[newest]
        return found

    def blocking(self, release: Release) -> Bools:
        """Beats at whose end a required monitor lets no step be left: it is critical, or has no data."""
        at = self._stretch.first + np.arange(self._stretch.beats)
        found = np.zeros(len(at), dtype=np.bool_)
        for monitor, one in zip(self._monitors, self._found, strict=True):
            if monitor.required and counts_at(release, monitor):
                newest = np.searchsorted(one.beats, at, side="right") - 1
                held = _lacking(monitor, one)
                if monitor.critical is not None:
                    held = held | _critical(monitor, monitor.critical, one)
                found |= (newest < 0) | held[newest]
        return found

    def seen(self, beat: int, start_us: int) -> tuple[MonitorSeen, ...]:
        """What a round at the end of a beat (from 0) sees."""
        at = self._stretch.first + beat
        return tuple(
            self._seen(monitor, one, int(np.searchsorted(one.beats, at, side="right")) - 1, at, start_us)
            for monitor, one in zip(self._monitors, self._found, strict=True)
        )

    def _seen(self, monitor: Monitor, found: Readings, newest: int, at: int, start_us: int) -> MonitorSeen:
        if newest < 0:
            return MonitorSeen(monitor=monitor.name)
        measured = self._measured(found, newest, monitor)
        level, text = judged(monitor, measured)
        read = int(found.beats[newest])
        at_us = start_us + (read + 1) * self._stretch.beat_s * _US
        return MonitorSeen(
            monitor=monitor.name,
            level=level,
            text=text,
            age_ms=(at - read) * self._stretch.beat_s * 1000,
            at_us=at_us,
            since_us=at_us,
            baseline=measured.baseline,
            value=measured.value,
        )

    def _measured(self, found: Readings, i: int, monitor: Monitor) -> Measured:
        if found.silent[i]:
            return Measured(fault="no gateway host has shipped a record within the window")
        value, baseline = float(found.value[i]), float(found.baseline[i])
        compared = monitor.relative or found.baseline_samples[i] >= max(1, monitor.least)
        return Measured(
            value=None if math.isnan(value) else value,
            samples=int(found.samples[i]),
            baseline=None if math.isnan(baseline) or not compared else baseline,
            baseline_samples=int(found.baseline_samples[i]) if compared else None,
            against=(self._against if monitor.relative else CONTROL) if compared else "",
        )


class Watching:
    """The monitors of one release, read from beat `since` on, in which users first saw the candidate."""

    def __init__(self, scenario: Scenario, monitors: Sequence[Monitor], since: int) -> None:
        self._scenario = scenario
        self._monitors = monitors
        self._since = since
        self._scale = Scale(scenario.latency) if scenario.latency else None
        self._rates = [rate.metric for rate in scenario.rates]

    def over(self, stretch: Stretch, watch: bool) -> Watched:
        """What is read until the end of a stretch, from the reading on that is the newest when it begins."""
        assert stretch.counts is not None
        totals = _totals(stretch.counts)
        found = [self._read(one, stretch, totals, watch) for one in self._monitors]
        return Watched(self._monitors, found, stretch, watch)

    def _read(self, monitor: Monitor, stretch: Stretch, totals: Counts, watch: bool) -> Readings:
        beat_s, every = stretch.beat_s, max(1, math.ceil(monitor.every_s / stretch.beat_s))
        first = max(0, (stretch.first - self._since) // every)
        beats = np.arange(self._since + first * every, stretch.first + stretch.beats, every)
        own = np.maximum(beats - stretch.first, 0)
        until_s = np.where(beats < stretch.first, (beats + 1.0) * beat_s, stretch.watermark_s[own])
        silent_s = (beats + 1) * beat_s - until_s
        width_s = 1 if monitor.window_s <= BY_SECOND_UP_TO_S else 60
        end_s = np.ceil(until_s / width_s) * width_s
        start_s = end_s - max(1, round(monitor.window_s / width_s)) * width_s
        upto = np.clip((until_s // beat_s).astype(np.int64) - totals.first, 0, len(totals.requests) - 1)
        since = np.clip((start_s // beat_s).astype(np.int64) - totals.first, 0, upto)
        window = Counts(
            0,
            totals.requests[upto] - totals.requests[since],
            totals.events[:, upto] - totals.events[:, since],
            totals.latency[upto] - totals.latency[since],
        )
        value = self._values(monitor, window)
        baseline, compared = value[:, 1], window.requests[:, 1]
        if watch and monitor.relative:
            baseline, compared = self._last_week(monitor, until_s)
        return Readings(
            beats, value[:, 0], window.requests[:, 0], baseline, compared, silent_s > monitor.window_s + monitor.every_s
        )

    def _values(self, monitor: Monitor, window: Counts) -> Floats:
        """The gauge [reading, arm]."""
        name = gauge_of(monitor)
        if name == TRAFFIC:
            return window.requests / monitor.window_s
        measure = REGISTRY[name].measure
        if isinstance(measure, Quantile):
            assert self._scale is not None
            return self._scale.quantile_ms(window.latency, measure)
        hits = window.events[self._rates.index(name)]
        return np.where(window.requests > 0, hits / np.maximum(window.requests, 1), np.nan)

    def _last_week(self, monitor: Monitor, until_s: Floats) -> tuple[Floats, Ints]:
        """The gauge over the whole clock hour of seven days ago, and the calls that it rested on."""
        traffic = self._scenario.traffic
        hour = np.floor((traffic.starts_at_s + until_s) / HOUR_S)
        minutes = (hour[:, None] * HOUR_S - traffic.starts_at_s) / 60 + np.arange(60)
        calls = pace(traffic, minutes).sum(axis=1)
        name = gauge_of(monitor)
        if name == TRAFFIC:
            value = calls / HOUR_S
        elif is_latency(name):
            latency, measure = self._scenario.latency, REGISTRY[name].measure
            assert latency is not None
            assert isinstance(measure, Quantile)
            own_ms = 1000 * latency.median_s * math.exp(latency.spread * special.ndtri(measure.q))
            value = np.full(len(calls), own_ms)
        else:
            value = np.full(len(calls), self._scenario.rates[self._rates.index(name)].chance)
        samples = np.rint(calls).astype(np.int64)
        return np.where(samples > 0, value, np.nan), samples


def gauge_of(monitor: Monitor) -> str:
    """The product's own gauge that a monitor watches; empty when it watches something else."""
    return monitor.source.metric if isinstance(monitor.source, MetricSource) else ""


def unwatched(scenario: Scenario, monitor: Monitor) -> str:
    """Why a monitor cannot be rehearsed, in a part of a sentence; empty when it can."""
    name = gauge_of(monitor)
    if not name:
        return "nobody simulates what it asks"
    if name == TRAFFIC or name in (rate.metric for rate in scenario.rates):
        return ""
    if name in REGISTRY and is_latency(name):
        return "" if scenario.latency else "the scenario says nothing of latencies"
    if name in REGISTRY and REGISTRY[name].event:
        return f"the scenario has no rate of {name}"
    return "monitors of scores are not rehearsed" if monitor.of_scores else f"{name} is not simulated"


def _totals(counts: Counts) -> Counts:
    """Running sums, from before the first beat on."""
    return Counts(
        counts.first,
        np.concatenate((np.zeros((1, 2), dtype=np.int64), np.cumsum(counts.requests, axis=0))),
        np.concatenate(
            (np.zeros((len(counts.events), 1, 2), dtype=np.int64), np.cumsum(counts.events, axis=1)), axis=1
        ),
        np.concatenate((np.zeros((1, *counts.latency.shape[1:]), dtype=np.int64), np.cumsum(counts.latency, axis=0))),
    )


def _lacking(monitor: Monitor, found: Readings) -> Bools:
    """Readings that `judged` finds without data."""
    lacking = found.silent | (found.samples < monitor.least) | np.isnan(found.value)
    if monitor.relative:
        lacking = lacking | np.isnan(found.baseline) | (found.baseline_samples < max(1, monitor.least))
    return np.asarray(lacking)


def _critical(monitor: Monitor, threshold: Threshold, found: Readings) -> Bools:
    """Readings that `judged` finds critical."""
    bound = np.full(len(found.value), threshold.bound)
    if threshold.relative:
        bound = threshold.factor * found.baseline + threshold.bound
    beyond = found.value > bound if threshold.side == "above" else found.value < bound
    return np.asarray(beyond & ~_lacking(monitor, found))
