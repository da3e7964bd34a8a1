"""What all releases of a rehearsal share: the plan as it is rehearsed, bars of evidence, the golden set, peak hours."""

from __future__ import annotations

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

MIDNIGHT_US = 1_767_225_600_000_000
"""Midnight before a release begins, in the scenario's own hours: of a Thursday."""


class Made:
    """Made once for many releases of one plan through one scenario, in one process."""

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        latency, graded = scenario.latency is not None, scenario.judge.live > 0
        self.plan = playable(plan, latency=latency, sizes=scenario.populations, graded=graded)
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
