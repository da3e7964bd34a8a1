"""What all releases of a rehearsal share: the plan as it is rehearsed, bars of evidence, the golden set, peak hours."""

from __future__ import annotations

from serinus.core.metrics import metric
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.stages import ShadowStage
from serinus.rehearsal.bars import Bars
from serinus.rehearsal.beats import beat_s
from serinus.rehearsal.chances import own_yardsticks
from serinus.rehearsal.golden import Golden
from serinus.rehearsal.mirror import peaks
from serinus.rehearsal.population import Ints
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.standard import playable
from serinus.rehearsal.watching import unwatched

MIDNIGHT_US = 1_767_225_600_000_000
"""Midnight before a release begins, in the scenario's own hours: of a Thursday."""


def as_played(scenario: Scenario, plan: Plan) -> Plan:
    """The plan with all that the scenario says something of; InvalidInput as `playable`."""
    return playable(
        plan,
        latency=scenario.latency is not None,
        sizes=scenario.populations,
        graded=scenario.judge.live > 0,
        monitors=tuple(one for one in plan.monitors if not unwatched(scenario, one)),
    )


def left_out(scenario: Scenario, plan: Plan) -> tuple[str, ...]:
    """The monitors and guardrails of a plan that a rehearsal says nothing of, and why."""
    reasons = [(one.name, unwatched(scenario, one)) for one in plan.monitors]
    played = [rail.metric for rail in as_played(scenario, plan).guardrails]
    rated = [rate.metric for rate in scenario.rates]
    silent = [
        rail.metric
        for rail in plan.guardrails
        if rail.metric not in played or (metric(rail.metric).event and rail.metric not in rated)
    ]
    told = [f"monitor {name}: {why}" for name, why in reasons if why]
    return (*told, *(f"guardrail {name}: the scenario says nothing of it" for name in silent))


class Made:
    """Made once for many releases of one plan through one scenario, in one process."""

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        self.plan = as_played(scenario, plan)
        self.beat_s = beat_s(self.plan)
        self.yardsticks = own_yardsticks(scenario, self.plan)
        self.bars = Bars(self.plan)
        self.golden = Golden(scenario.judge, alone=plan.first)
        self._peaks: dict[tuple[str, int, int], Ints] = {}

    def peaks(self, scenario: Scenario, stage: ShadowStage, first: int, beats: int) -> Ints:
        """Since when the peak window of a shadow stage lasts, beat by beat."""
        key = stage.name, first, beats
        if key not in self._peaks:
            self._peaks[key] = peaks(stage, scenario.traffic, MIDNIGHT_US, first, beats, self.beat_s)
        return self._peaks[key]
