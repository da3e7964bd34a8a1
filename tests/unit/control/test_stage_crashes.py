"""The control process killed at every call it makes to the stores: no stage is skipped or repeated, nobody asked
twice."""

from __future__ import annotations

from contextlib import suppress

import pytest

from serinus.control.verify_audit import verify_audit
from serinus.core.pipeline.stages import ApprovalStage
from serinus.core.release.table import State
from serinus.ports.control_store import Page
from tests.unit.agent.crashing import Crash, CrashPoints
from tests.unit.control.production import Production
from tests.unit.control.signers import BOB, CY, DAN, STAGED, approve, measure, quick, shown_now
from tests.unit.control.test_tick_crashes import CrashingControl

STRIDE = 5
SIGNERS = {1: ((BOB, "ml_lead"), (CY, "ops_lead")), 3: ((DAN, "release_manager"),)}


def people_act(world: Production, done: set[int]) -> None:
    """A worker measures the offline stage, and people sign each approval once they were asked to."""
    release = world.release()
    if release.stage in done or release.state is not State.RUNNING:
        return
    if release.stage == 0:
        done.add(0)
        measure(world, "pass")
    elif isinstance(release.plan.stages[release.stage], ApprovalStage) and release.stage in SIGNERS:
        if not asked(world):
            return
        done.add(release.stage)
        for actor, role in SIGNERS[release.stage]:
            approve(world, actor, role)


def asked(world: Production) -> bool:
    """Whether people were told of what is to be signed now."""
    release = world.release()
    with world.control.tx() as tx:
        progress = tx.progress(release.id)
    return progress is not None and progress.requested == shown_now(world).evidence


def climb(crash_at: int) -> tuple[Production, CrashPoints]:
    """A release through all its stages, with the control killed once at this point and started again."""
    world = Production(quick(STAGED), calls_per_s=40)
    points = CrashPoints()
    points.crash_at = crash_at
    world.tick = world.new_tick(CrashingControl(world.control, points), takeover_s=1)
    world.start()
    done: set[int] = set()
    for _ in range(40):
        with suppress(Crash):
            world.second()
        if points.crash_at and points.passed >= points.crash_at:
            points.crash_at = 0
            world.tick = world.new_tick(takeover_s=1)
        people_act(world, done)
        if world.release().state is State.PROMOTED:
            break
    return world, points


@pytest.mark.parametrize("offset", range(STRIDE))
def test_H7_killed_at_every_store_call_every_stage_is_entered_once(offset: int) -> None:
    """Wherever the control dies: one measurement, one request for each approval, every step once, promoted."""
    _, points = climb(0)
    assert points.passed > 150
    for crash_at in range(1 + offset, points.passed + 1, STRIDE):
        world, _ = climb(crash_at)
        release = world.release()
        assert release.state is State.PROMOTED, (crash_at, release.reason)
        assert [point.step for point in release.ramp] == [0, 1, 2, 3], crash_at
        assert release.attempts[0] == 1, crash_at
        expected = ["enter", "request_approval", "advance", "advance", "enter", "request_approval", "advance"]
        assert world.actions() == [*expected, "advance", "promote"], crash_at
        assert verify_audit(world.control)[1] == []
        with world.control.tx() as tx:
            told = [notice.kind for notice in tx.notices(Page(limit=100))[0]]
            assert len(tx.stage_results(release.id)) == 1
        assert told.count("request_approval") == 2, crash_at
        assert told.count("enter") == 2, crash_at
