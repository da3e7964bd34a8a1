"""Count a release's calls for its monitors, beat by beat, as far back as their windows reach."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.monitor import MetricSource
from serinus.core.pipeline.plan import Plan
from serinus.rehearsal.calls import Calls
from serinus.rehearsal.chances import log_latency_us, slower_part
from serinus.rehearsal.counts import Counts, Scale, by_beat, in_buckets
from serinus.rehearsal.population import Bools, Floats, Ints
from serinus.rehearsal.scenario import Scenario, is_latency

KEPT_BEATS = 10
"""How many beats before a stretch are kept beyond the longest window."""


class Counting:
    """Of one release. `mark`: the last row of a call's marks that is asked for."""

    def __init__(self, scenario: Scenario, plan: Plan, beat_s: int) -> None:
        self._scenario = scenario
        self._beat_s = beat_s
        self._rates = len(scenario.rates)
        self._scale = Scale(scenario.latency) if scenario.latency and _asks_latency(plan) else None
        self.mark = self._rates if self._scale else 0
        longest_s = max((one.window_s + 2 * one.every_s for one in plan.monitors), default=0.0)
        self._kept = math.ceil(longest_s / beat_s) + KEPT_BEATS
        self._before: Counts | None = None

    def calls(
        self,
        first: int,
        beats: int,
        calls: Calls,
        segment: Floats,
        told: Sequence[tuple[Floats, Bools]],
        bad: Sequence[Bools],
    ) -> Counts:
        """Those of the beats from `first` on, behind those before. `segment` is that of each call's user; `told`: for
        each rate when its events are known, and of which arm, where that is later than the call, else `bad`."""
        beat = self._beat(calls.at_s, first)
        events = []
        for k, rate in enumerate(self._scenario.rates):
            late = rate.delay_s or rate.after_s
            when, candidate = told[k] if late else (calls.at_s[bad[k]], calls.candidate[bad[k]])
            events.append(by_beat(self._beat(when, first), candidate, beats))
        latency: Ints = np.zeros((beats, 2, 0), dtype=np.int64)
        if self._scale is not None:
            hit = calls.candidate & (segment < slower_part(self._scenario))
            waits = log_latency_us(self._scenario, calls.at_s, calls.marks[self.mark], hit)
            latency = in_buckets(beat, calls.candidate, self._scale.bucket(waits), (beats, self._scale.buckets))
        return self._after(Counts(first, by_beat(beat, calls.candidate, beats), np.stack(events), latency))

    def numbers(
        self, rng: np.random.Generator, first: int, at_s: Floats, requests: Ints, bad: Ints, part: float
    ) -> Counts:
        """The same where only numbers by slot are drawn: `requests` [slot, arm] around `at_s`, those of them with each
        event, `bad` [rate, slot, arm]; the candidate is slower for the share `part` of its calls."""
        beat = self._beat(at_s, first)
        beats = int(beat[-1]) + 1
        each = len(beat) // beats
        latency: Ints = np.zeros((beats, 2, 0), dtype=np.int64)
        if self._scale is not None:
            slot, arm = (np.repeat(one.ravel(), requests.ravel()) for one in np.indices(requests.shape))
            hit = (arm == 0) & (rng.random(len(slot)) < part)
            waits = log_latency_us(self._scenario, at_s[slot], rng.random(len(slot)), hit)
            latency = in_buckets(beat[slot], arm == 0, self._scale.bucket(waits), (beats, self._scale.buckets))
        calls = requests.reshape(beats, each, 2).sum(axis=1)
        return self._after(Counts(first, calls, bad.reshape(len(bad), beats, each, 2).sum(axis=2), latency))

    def remember(self, counts: Counts, until: int) -> None:
        """What comes before beat `until` is past."""
        self._before = counts.until(until).since(until - self._kept)

    def _beat(self, at_s: Floats, first: int) -> Ints:
        return np.floor(at_s / self._beat_s).astype(np.int64) - first

    def _after(self, found: Counts) -> Counts:
        return self._before.joined(found) if self._before is not None else found


def _asks_latency(plan: Plan) -> bool:
    names = [one.source.metric for one in plan.monitors if isinstance(one.source, MetricSource)]
    return any(name in REGISTRY and is_latency(name) for name in names)
