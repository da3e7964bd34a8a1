"""Shadow stages through the whole tick: mirrored while they run, on record when they are over, in both stores."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from serinus.adapters.memory_store import memory_stores
from serinus.adapters.stores import open_stores
from serinus.control.pause_release import pause_release
from serinus.control.peak_hours import own_hours, zone_of
from serinus.control.resume_release import resume_release
from serinus.control.start_release import start_release
from serinus.core.decision.replay import replayed
from serinus.core.decision.shadow_gate import PairEvidence
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.peak import Peak
from serinus.core.pipeline.plan import Guardrail
from serinus.core.pipeline.shadow import PairLimit
from serinus.core.pipeline.stages import ShadowStage
from serinus.core.records.sums import Rollup, Sum, SumKey
from serinus.core.release.release import Release, ShadowProgress
from serinus.core.release.table import State
from serinus.core.routing.assignment import Arm
from serinus.core.routing.snapshot import Mirror
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore
from tests.unit.control.production import HOST, PERSON, PLAN, START_US, Production

FORMAT = "call.invalid_format"
STAGE = ShadowStage(
    name="shadow",
    share=0.5,
    dwell_s=20.0,
    min_units=100,
    budget_s=120.0,
    max_concurrency=8,
    max_cost_usd=2.5,
    guardrails=(Guardrail(metric=FORMAT, max_ratio=1.5, design_ratio=3.0),),
    limits=(PairLimit(metric="call.policy_violation", above=0.0),),
)
HOUR_US = 3_600_000_000
Stores = tuple[ControlStore, TelemetryStore]


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """Both kinds of stores."""
    made = memory_stores(random.Random(2).randbytes)
    if request.param == "sqlite":
        made = open_stores(f"sqlite:///{tmp_path}", now_us=lambda: START_US, random_bytes=random.Random(2).randbytes)
    yield made
    for store in made:
        store.close()


class Mirrored(Production):
    """A production whose gateways mirror: ten new users have a pair each second while the snapshot asks for it, in
    which only the candidate breaks the format with this chance."""

    def __init__(self, stage: ShadowStage = STAGE, **fields: Any) -> None:
        plan = msgspec.structs.replace(PLAN, stages=(stage, *PLAN.stages), steps=())
        super().__init__(plan, calls_per_s=20, **fields)
        self.broken = 0.0
        self.mirroring = True
        self.pairs = 0

    def users_call(self) -> None:
        super().users_call()
        release = self.routing().apps["shop"].release
        if release is None or release.mirror is None or not (self.mirroring and release.serving):
            return
        self.pairs += 10
        worse = sum(self._random.random() < self.broken for _ in range(10))
        second_us = self.clock.now_us() // 1_000_000 * 1_000_000 - 1_000_000
        made = Rollup(
            host=HOST, app="shop", release=release.id, stratum=255, arm=Arm.SHADOW, version="v",
            start_us=second_us, width_s=1, requests=10, events={},
        )  # fmt: skip
        with self.telemetry.tx() as tx:
            tx.add_sums(
                [
                    (SumKey(release.id, -2, "pairs", Arm.SHADOW), Sum(total=10)),
                    (SumKey(release.id, -2, FORMAT, Arm.CANDIDATE), Sum(total=worse)),
                    (SumKey(release.id, -2, "pair.latency", Arm.SHADOW), Sum(count=10, total=500, squares=90_000)),
                ]
            )
            tx.add_rollups([made])

    def mirror(self) -> Mirror | None:
        """What the newest snapshot asks for."""
        release = self.routing().apps["shop"].release
        return release.mirror if release else None

    def progress(self) -> ShadowProgress:
        """What the tick remembers of the stage."""
        id = self.release().id
        with self.control.tx() as tx:
            found = tx.progress(id)
        assert found is not None
        assert found.shadow is not None
        return found.shadow

    def until_stage(self, stage: int) -> Release:
        """Seconds until the release is in this stage."""
        for _ in range(200):
            if (release := self.second()).stage == stage:
                return release
        raise AssertionError(f"still in stage {release.stage}, {release.state.value}: {release.reason}")


def test_E1_requests_are_mirrored_while_the_stage_runs_and_nobody_is_exposed(stores: Stores) -> None:
    """Users stay on the baseline; at the pass the mirror is gone, and the first step begins."""
    world = Mirrored(stores=stores)
    release = world.start()
    served = world.routing().apps["shop"].release
    assert served is not None
    assert served.mirror == Mirror(share=0.5, max_concurrency=8, max_cost_nano=2_500_000_000)
    assert (served.ramp, served.serving, release.exposed) == ((), True, False)
    release = world.until_stage(1)
    assert (release.state, release.step) == (State.RUNNING, 0)
    assert world.mirror() is None
    with world.control.tx() as tx:
        (result,) = tx.stage_results(release.id)
    evidence = msgspec.json.decode(result.evidence, type=PairEvidence)
    assert (result.outcome, result.attempt, evidence.shadow.units) == ("pass", 1, evidence.shadow.units)
    assert evidence.shadow.units >= 200
    assert evidence.shadow.measures[0].measure == "latency"
    assert "measure" in world.actions()


def test_E3_broken_formats_reject_in_shadow(stores: Stores) -> None:
    """No user has seen the candidate, so it is rejected and not rolled back; the reason has the numbers."""
    world = Mirrored(stores=stores)
    world.broken = 0.5
    world.start()
    release = world.until(State.REJECTED)
    assert "only the candidate had broken formats" in release.reason
    assert not release.exposed
    assert world.routing().apps["shop"].release is None
    assert all(arm is Arm.REST for _, arm in world.served)


def test_I3_silence_pauses_and_resumes_by_itself_while_a_person_stops_the_mirror() -> None:
    """Who waits for pairs goes on mirroring; a person's pause does not."""
    world = Mirrored()
    id = world.start().id
    world.seconds(5)
    world.mirroring = False
    assert world.until(State.PAUSED).hold is not None
    assert world.mirror() is not None
    world.mirroring = True
    assert world.until(State.RUNNING).stage == 0
    pause_release(world.control, world.clock.now_us(), PERSON, id, "look")
    assert world.mirror() is None
    resume_release(world.control, world.clock.now_us(), PERSON, id, "go on")
    assert world.mirror() is not None
    assert world.until_stage(1).state is State.RUNNING


def test_H7_a_new_control_goes_on_where_the_last_one_was() -> None:
    """Dwell, pairs and attempt are in the store: a control that dies every ten seconds takes no longer."""
    world = Mirrored()
    world.start()
    for _ in range(20):
        world.seconds(3)
        if world.release().stage:
            break
        before = world.progress()
        world.tick = world.new_tick(takeover_s=0.0)
        world.second()
        after = world.progress()
        assert after.dwell_ms >= before.dwell_ms
        assert after.totals.units >= before.totals.units
    assert world.release().stage == 1


def test_a_spent_budget_pauses_and_a_resume_measures_once_more() -> None:
    """The second attempt counts pairs of its own."""
    world = Mirrored(msgspec.structs.replace(STAGE, min_units=100_000, budget_s=30.0))
    id = world.start().id
    hold = world.until(State.PAUSED).hold
    assert hold is not None
    assert hold.trigger == "stage:0"
    assert "inconclusive" in hold.reason
    resume_release(world.control, world.clock.now_us(), PERSON, id, "once more")
    world.seconds(3)
    own = world.progress()
    assert own.attempt == 2
    assert 0 < own.floor.units < own.totals.units


def test_A3_a_stage_that_nothing_stops_is_refused() -> None:
    """The plan's guardrails would do, if a pair could tell of them."""
    plan = msgspec.structs.replace(
        PLAN, stages=(ShadowStage(name="shadow"), *PLAN.stages), guardrails=(Guardrail(metric="feedback.thumbs_down"),)
    )
    with pytest.raises(InvalidInput, match="stop a candidate") as refused:
        Production(plan).start()
    assert "guardrails" in refused.value.mend


def test_E4_peak_hours_come_from_two_weeks_of_traffic_or_are_asked_for() -> None:
    """A new app is told what to write; an old one has its busiest hours fixed at start."""
    world = Mirrored(msgspec.structs.replace(STAGE, peak=Peak(hours="auto", min_units=10)))
    now_us = world.clock.now_us()

    def start() -> Release:
        return start_release(
            world.control, now_us, PERSON, world.ids, "s", "shop", world.candidate.name, "", world.telemetry
        )

    with pytest.raises(InvalidInput, match="less than 14 days") as refused:
        start()
    assert "zone: Europe/Berlin" in refused.value.mend
    busy = [now_us // HOUR_US * HOUR_US - hours * HOUR_US for hours in range(0, 15 * 24, 24)]
    with world.telemetry.tx() as tx:
        tx.add_rollups(
            [
                Rollup(
                    host=HOST, app="shop", release="", stratum=255, arm=Arm.REST, version="v", start_us=start_us,
                    width_s=60, requests=100, events={},
                )
                for start_us in busy
            ]
        )  # fmt: skip
    hours = own_hours(world.control, world.telemetry, now_us, "shop")
    assert len(hours) == 7
    assert len({hour % 24 for hour in hours}) == 1
    stage = start().plan.stages[0]
    assert isinstance(stage, ShadowStage)
    assert stage.peak is not None
    assert stage.peak.busiest == hours


def test_E4_units_inside_the_window_are_counted_and_asked_for() -> None:
    """It lasts all day here, so that all pairs but those of the first round count."""
    world = Mirrored(msgspec.structs.replace(STAGE, peak=Peak(hours="00:00-24:00", min_units=150)))
    world.start()
    world.until_stage(1)
    assert 150 <= world.progress().peak_units <= world.pairs


def test_E4_a_zone_that_does_not_exist_is_refused() -> None:
    """With an example of one that does."""
    with pytest.raises(InvalidInput, match="Mars") as refused:
        Mirrored(msgspec.structs.replace(STAGE, peak=Peak(hours="09:00-17:00", zone="Mars/Base"))).start()
    assert "Europe/Berlin" in refused.value.mend
    for zone in ("", "../etc/passwd", "Europe"):
        with pytest.raises(InvalidInput):
            zone_of(Peak(hours="09:00-17:00", zone=zone))


def test_the_decision_of_a_shadow_stage_is_decided_again_from_the_trail() -> None:
    """Every act of the tick in the release comes out the same, the conclusion too."""
    world = Mirrored()
    id = world.start().id
    world.until_stage(1)
    with world.control.tx() as tx:
        entries = [entry for entry in tx.audit_entries(0, 1000) if entry.subject == id]
    found = replayed(entries)
    assert [one.action for one in found] == ["tick:release:measure", "tick:release:advance"]
    assert {one.outcome for one in found} == {"identical"}, found
