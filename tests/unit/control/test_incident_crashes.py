"""Control killed at every call it makes to the stores: an incident is opened once, and each late item told once."""

from __future__ import annotations

import msgspec
import pytest

from serinus.control.verify_audit import verify_audit
from serinus.control.watch_incidents import watch_incidents
from serinus.core.release.table import State
from serinus.ports.control_store import Page
from tests.unit.agent.crashing import Crash, CrashPoints
from tests.unit.control.production import LOOSE, PLAN, Production
from tests.unit.control.suspects import a_call, suspect, told
from tests.unit.control.test_tick_crashes import CrashingControl

STRIDE = 4
QUICK = msgspec.structs.replace(PLAN, guardrails=(), limits=LOOSE, lease_s=1)


def taken_back(crash_at: int) -> tuple[Production, CrashPoints]:
    """A candidate that two judges say broke the policy, with control killed once at this point and started again."""
    world = Production(QUICK, calls_per_s=20)
    world.start()
    points = CrashPoints()
    points.crash_at = crash_at
    world.tick = world.new_tick(CrashingControl(world.control, points), takeover_s=1)
    for _ in range(12):
        if world.release().state is State.RUNNING:
            raw = a_call(world)
            suspect(world, raw, by="guard-1")
            suspect(world, raw, by="guard-2")
        try:
            world.second()
        except Crash:
            world.tick = world.new_tick(takeover_s=1)
        if world.release().state is State.ROLLED_BACK:
            break
    return world, points


@pytest.mark.parametrize("offset", range(STRIDE))
def test_H7_killed_anywhere_a_rollback_leaves_exactly_one_incident(offset: int) -> None:
    """It is there whenever the release is rolling back, is told once, and its rollback is confirmed on its clock."""
    _, points = taken_back(0)
    assert points.passed > 20
    for crash_at in range(1 + offset, points.passed + 1, STRIDE):
        world, _ = taken_back(crash_at)
        assert world.release().state is State.ROLLED_BACK, crash_at
        with world.control.tx() as tx:
            (one,), _ = tx.incidents(Page(limit=9))
        assert (one.trigger.kind, one.severity, bool(one.trigger.calls)) == ("suspicion", "high", True), crash_at
        assert [item.name for item in one.clock if item.done_at_us] == ["rerouted", "confirmed"], crash_at
        assert told(world).count("open_incident") == 1, crash_at
        assert verify_audit(world.control)[1] == []


def test_H7_killed_anywhere_what_is_late_is_told_once() -> None:
    """Told and remembered in one transaction: neither lost nor repeated, and the exposed are counted."""
    crash_at, passed = 0, 1
    while crash_at <= passed:
        world, _ = taken_back(0)
        world.clock.sleep(1000)
        points = CrashPoints()
        points.crash_at = crash_at
        epoch = world.tick.epoch()
        assert epoch is not None
        store = CrashingControl(world.control, points)
        for _ in range(3):
            try:
                watch_incidents(store, world.telemetry, None, epoch, world.clock.now_us())  # type: ignore[arg-type]
            except Crash:
                points.crash_at = 0
        with world.control.tx() as tx:
            (one,), _ = tx.incidents(Page(limit=9))
        assert told(world).count("late_incident") == 2, crash_at
        assert one.exposed is not None, crash_at
        assert [action for action, _ in world.audit()].count("tick:incident:count") == 1, crash_at
        if not crash_at:
            passed = points.passed
            assert passed > 5
        crash_at += 1
