"""One release, rehearsed and lived through by the real tick on stores: the same story."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from serinus.control.tick import Tick
from serinus.core.metrics import metric
from serinus.core.pipeline.plan import Limit, Plan, Step
from serinus.core.records.sums import ENROLLED, Rollup, Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.release.table import FINAL, State
from serinus.rehearsal.rehearse import rehearse_one
from serinus.rehearsal.rounds import horizon_s, stretch_beats
from serinus.rehearsal.scenario import Outage, Scenario
from serinus.rehearsal.stretch import Stretch
from serinus.rehearsal.world import World
from tests.unit.control.production import HOST, Production
from tests.unit.rehearsal.plans import ERROR, PLAN, scenario, times

SHORT: Plan = msgspec.structs.replace(
    PLAN,
    stages=(),
    steps=(Step(share=0.1, dwell_s=600), Step(share=0.5, dwell_s=600), Step(share=1.0, dwell_s=600)),
    limits=(Limit(metric=ERROR, above=0.4, buckets=3, min_requests=10),),
    veto_deadline_s=600.0,
)
ENDS = {State.PROMOTED: "promoted", State.ROLLED_BACK: "rolled_back"}


class Shipped:
    """A production whose records are those of a rehearsal's world, shipped at the end of each minute. The tick, its
    stores, and what it observes are the real ones, a round each second."""

    def __init__(self, played: Scenario, plan: Plan, index: int, seed: int) -> None:
        self._production = Production(plan)
        self._production.traffic = False
        self._scenario, self._plan = played, plan
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
        self._world = World(played, plan, rng)
        self._before = np.zeros((len(plan.steps), 2), int), np.zeros((len(self._world.metrics), 2), int)
        self.steps_s = [0.0]

    def story(self) -> tuple[str, float, tuple[float, ...], str]:
        """How it ended, when, when its steps began, and why."""
        release = self._production.start()
        tick: Tick = self._production.tick
        tick.once()
        minute, horizon = 0, int(horizon_s(self._scenario, self._plan) // 60)
        while release.state not in FINAL:
            step = release.step
            length = stretch_beats(self._scenario, self._plan, step, minute, horizon, 60)
            stretch = self._world.ahead(minute, length, step)
            lived = 0
            while lived < length and release.step == step and release.state not in FINAL:
                release = self._minute(release, stretch, lived)
                lived += 1
            self._world.live(lived)
            minute += lived
            if release.step != step:
                self.steps_s.append(minute * 60.0)
        return ENDS[release.state], minute * 60.0, tuple(self.steps_s), release.reason

    def _minute(self, release: Release, stretch: Stretch, at: int) -> Release:
        self._production.seconds(59)
        self._ship(release, stretch, at)
        self._production.second()
        # A rollback is confirmed in the short rounds after it, once the host follows.
        self._production.report()
        self._production.tick.confirm()
        return self._production.release()

    def _ship(self, release: Release, stretch: Stretch, at: int) -> None:
        units, positions = stretch.units[at], stretch.positions[at]
        new_units, new_events = units - self._before[0], positions - self._before[1]
        self._before = units, positions
        sums = [
            (SumKey(release.id, stratum, ENROLLED, arm + 1), Sum(total=int(n)))
            for (stratum, arm), n in np.ndenumerate(new_units)
            if n
        ]
        sums += [
            (SumKey(release.id, 0, self._world.metrics[k], arm + 1), Sum(total=int(n)))
            for (k, arm), n in np.ndenumerate(new_events)
            if n
        ]
        with self._production.telemetry.tx() as tx:
            tx.add_sums(sums)
            tx.add_rollups([r for width in (1, 60) for r in self._rollups(release, stretch, at, width)])

    def _rollups(self, release: Release, stretch: Stretch, at: int, width_s: int) -> list[Rollup]:
        buckets = stretch.buckets[60]
        slot = stretch.first + at - buckets.first
        end_us = self._production.clock.now_us() + 1_000_000
        return [
            Rollup(
                host=HOST,
                app="shop",
                release=release.id,
                stratum=0,
                arm=arm + 1,
                version="v",
                start_us=end_us - width_s * 1_000_000,
                width_s=width_s,
                requests=int(buckets.requests[slot, arm]),
                events={
                    metric(name).event: int(buckets.bad[k, slot, arm]) for k, name in enumerate(self._world.metrics)
                },
            )
            for arm in (0, 1)
            if buckets.requests[slot, arm]
        ]


STORIES = {
    "healthy": scenario(),
    "harm": times(6),
    "outage": scenario(outages=(Outage(metric=ERROR, chance=0.9, from_s=900, for_s=900),)),
}


@pytest.mark.parametrize("name", sorted(STORIES))
def test_q1_a_rehearsed_release_is_the_one_that_the_tick_would_have_made(name: str) -> None:
    """The same records through stores, observation, decision and application, a round each second, give the same steps
    at the same times, the same end, and the same sentence."""
    rehearsed = rehearse_one(STORIES[name], SHORT, 2, 5)
    real = Shipped(STORIES[name], SHORT, 2, 5).story()
    assert real == (rehearsed.end, rehearsed.end_s, rehearsed.steps_s, rehearsed.reason)
