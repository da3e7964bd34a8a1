"""What somebody says of users' answers: live grades of the scenario's judge, and feedback, as they mature.

Users are known by the beat in which they enrolled. A grade is drawn for each of them once, beat by beat, so that
it does not matter when anybody looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from serinus.core.decision.harm import BY_LEVEL_V, compared_steps
from serinus.core.decision.labels import NONE_KNOWN, Known, read_on
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.plan import Plan
from serinus.core.records.label_sums import LabelSums, Place, StratumLabels
from serinus.core.records.labels import SCALE, AwaitedUnit, Label, LabelKey
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.rehearsal.beats import LONGEST_S
from serinus.rehearsal.population import Ints
from serinus.rehearsal.scenario import Judge, Scenario

LOOK_BEATS = 10
"""How often scores are looked at."""
_US = 1_000_000


class Labels:
    """Of one release. `chance_of` a beat gives the luck of all who enrolled in it."""

    def __init__(
        self,
        scenario: Scenario,
        plan: Plan,
        chance_of: Callable[[int], np.random.Generator],
        beat_s: int = LONGEST_S,
    ) -> None:
        self._scenario = scenario
        self._rails = tuple(rail for rail in plan.guardrails if rail.awaits_labels)
        self._chance_of = chance_of
        self._beat_s = beat_s
        self._units: dict[int, Ints] = {}
        self._known: Known = NONE_KNOWN
        self.scored = any(rail.kind == "score" for rail in self._rails)

    def came(self, first: int, units: Ints) -> None:
        """Beats from `first` on are past; `units` [beat, stratum, arm] had enrolled by the end of each."""
        if self._rails:
            self._units |= {first + i: one for i, one in enumerate(units)}

    def seen(self, release: Release, beat: int) -> tuple[LabelSums, ...]:
        """All that has matured by the end of a beat. The comparison closes with the watch."""
        if not release.plan.is_watch(release.step):
            self._known = {rail.metric: self._matured(release, rail, beat) for rail in self._rails}
        return tuple(self._known[rail.metric] for rail in self._rails if rail.metric in self._known)

    def _matured(self, release: Release, rail: Guardrail, beat: int) -> LabelSums:
        until = beat - math.ceil(rail.awaited_s / self._beat_s)
        if rail.kind != "score":
            return _said(rail, self._scenario, self._units.get(until), until, self._beat_s)
        known = self._known.get(rail.metric) or LabelSums(metric=rail.metric)
        first = known.at.exposed_at_us // (self._beat_s * _US) if known.at.unit else min(self._units, default=0) - 1
        graded: list[AwaitedUnit] = []
        for at in range(first + 1, until + 1):
            graded += self._graded(rail, at)
        return read_on(known, rail, compared_steps(release), graded, release.stats_v >= BY_LEVEL_V)

    def _graded(self, rail: Guardrail, beat: int) -> list[AwaitedUnit]:
        """Those who enrolled in a beat, in the order of luck."""
        if beat not in self._units:
            return []
        came = self._units[beat] - self._units.get(beat - 1, np.zeros_like(self._units[beat]))
        places = [(stratum, arm) for (stratum, arm), n in np.ndenumerate(came) for _ in range(int(n))]
        rng, judge = self._chance_of(beat), self._scenario.judge
        order = rng.permutation(len(places))
        told = rng.random(len(places)) < (0.0 if judge.dies or judge.live_after_s > rail.awaited_s else judge.live)
        luck, wrong = rng.random(len(places)), rng.random(len(places)) < judge.noise
        at_us = beat * self._beat_s * _US
        found = []
        for number, place in enumerate(order.tolist()):
            stratum, arm = places[place]
            right = bool(luck[number] < _right(judge, arm, beat * self._beat_s)) != bool(wrong[number])
            label = (
                Label(at_us + round(judge.live_after_s * _US), SCALE * (right != rail.rises)) if told[number] else None
            )
            key = LabelKey(release="", metric=rail.metric, unit=number.to_bytes(8, "big"))
            found.append(AwaitedUnit(key, at_us, stratum, int(Arm.CONTROL if arm else Arm.CANDIDATE), label))
        return found


def _right(judge: Judge, arm: int, at_s: float) -> float:
    """The chance that an answer is right to a user who came then; arm 0 is the candidate."""
    return judge.correct - (0.0 if arm else judge.drop_at(at_s))


def _said(rail: Guardrail, scenario: Scenario, units: Ints | None, until: int, beat_s: int) -> LabelSums:
    """Feedback: everybody says something in the end, but only what comes in time is a label."""
    if units is None:
        return LabelSums(metric=rail.metric)
    rate = next((one for one in scenario.rates if one.metric == rail.metric), None)
    left_s = rail.awaited_s - (rate.after_s if rate else 0.0)
    part = 1.0 if left_s >= 0 else 0.0
    if rate and rate.delay_s and left_s >= 0:
        part = -math.expm1(-left_s / rate.delay_s)
    strata = []
    for stratum, (candidate, control) in enumerate(units.tolist()):
        one, other = round(part * candidate), round(part * control)
        strata.append(StratumLabels(stratum, one, other, candidate - one, control - other))
    at = Place(until * beat_s * _US, b"\xff")
    return LabelSums(
        metric=rail.metric, at=at, strata=tuple(one for one in strata if one != StratumLabels(one.stratum))
    )
