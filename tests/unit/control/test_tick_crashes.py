"""The control process killed at every call it makes to the stores: no step is skipped, repeated or lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from serinus.control.abort_release import abort_release
from serinus.control.tick import Tick
from serinus.control.verify_audit import verify_audit
from serinus.core.errors import Deposed, StoreUnavailable
from serinus.core.pipeline.plan import Step
from serinus.core.release.table import State
from tests.unit.agent.crashing import Crash, Crashing, CrashPoints
from tests.unit.control.production import LOOSE, PERSON, PLAN, Production

QUICK = msgspec.structs.replace(
    PLAN,
    stages=(),
    steps=(Step(share=0.25, dwell_s=1), Step(share=0.5, dwell_s=1), Step(share=1.0, dwell_s=1)),
    limits=LOOSE,
    lease_s=1,
)
STRIDE = 5


class CrashingControl:
    """A control store with a crash point around each call, and on both sides of each commit."""

    def __init__(self, store: Any, points: CrashPoints) -> None:
        self._store = store
        self._points = points

    @contextmanager
    def tx(self, epoch: int | None = None) -> Iterator[Any]:
        self._points.point()
        with self._store.tx(epoch) as tx:
            yield Crashing(tx, self._points)
            self._points.point()
        self._points.point()

    def __getattr__(self, name: str) -> Any:
        return getattr(Crashing(self._store, self._points), name)


def climb(crash_at: int) -> tuple[Production, CrashPoints]:
    """A release from start to end, with the control killed once at this point and started again."""
    world = Production(QUICK, calls_per_s=40)
    points = CrashPoints()
    points.crash_at = crash_at
    world.tick = world.new_tick(CrashingControl(world.control, points), takeover_s=1)
    world.start()
    for _ in range(30):
        try:
            world.second()
        except Crash:
            world.tick = world.new_tick(takeover_s=1)
        if world.release().state is State.PROMOTED:
            break
    return world, points


@pytest.mark.parametrize("offset", range(STRIDE))
def test_H7_killed_at_every_store_call_no_step_is_skipped_or_repeated(offset: int) -> None:
    """Wherever the control dies, the release climbs each step once, in order, and is promoted; the chain is whole."""
    _, points = climb(0)
    assert points.passed > 100
    for crash_at in range(1 + offset, points.passed + 1, STRIDE):
        world, _ = climb(crash_at)
        release = world.release()
        assert release.state is State.PROMOTED, crash_at
        assert [point.step for point in release.ramp] == [0, 1, 2], crash_at
        assert world.actions() == ["advance", "advance", "promote"], crash_at
        assert verify_audit(world.control)[1] == []
        with world.control.tx() as tx:
            notices = [(n.seq, n.kind) for n in tx.undelivered(100)]
        assert notices == [(1, "start"), (2, "advance"), (3, "advance"), (4, "promote")], crash_at


def test_a_deposed_leader_that_wakes_up_changes_nothing() -> None:
    """A leader that was stopped in the middle of its round, while another took over, is refused at its next write."""
    world = Production(QUICK)
    world.start()
    old = world.tick
    world.second(old)
    new = world.new_tick(takeover_s=2)
    for _ in range(4):
        world.second(new)
    taken = world.release()
    before = world.audit()
    world.users_call()
    world.report()
    with pytest.raises(Deposed):
        old.once()
    assert world.release() == taken
    assert world.audit() == before


def test_two_controls_one_acts() -> None:
    """With two controls ticking side by side each step is taken once, and only one of them ever leads."""
    world = Production(QUICK)
    other = world.new_tick()
    world.start()
    for _ in range(20):
        world.second(world.tick, other)
    assert world.release().state is State.PROMOTED
    assert world.actions() == ["advance", "advance", "promote"]
    assert sum(action == "tick:leader:change" for action, _ in world.audit()) == 1


def test_a_person_between_look_and_deed_wins() -> None:
    """A person who aborts while the tick judges is not overruled: the tick's decision finds another seq and falls."""
    world = Production(QUICK)
    release = world.start()
    world.seconds(1)

    class Meanwhile:
        """A store in which somebody aborts just before the tick writes."""

        def __init__(self, store: Any) -> None:
            self._store = store
            self._reads = 0

        @contextmanager
        def tx(self, epoch: int | None = None) -> Iterator[Any]:
            self._reads += 1
            if self._reads == 3:
                abort_release(world.control, world.clock.now_us(), PERSON, release.id, "stop")
            with self._store.tx(epoch) as tx:
                yield tx

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

    world.tick = world.new_tick(Meanwhile(world.control), takeover_s=1)
    for _ in range(10):
        world.second()
        if world.release().state is not State.RUNNING:
            break
    assert world.release().state is State.ABORTING
    assert world.actions() == []
    assert world.second().state is State.ABORTED


def test_without_whole_rounds_there_is_no_beat() -> None:
    """While the telemetry store is away the leader's beat stands still: hosts let the candidate's lease lapse."""
    world = Production(QUICK)
    world.start()

    class Away:
        """A store that cannot be reached."""

        def tx(self) -> Any:
            raise StoreUnavailable("away")

        def close(self) -> None:
            """Nothing to close."""

    tick = Tick(world.control, Away(), world.clock, "blind", takeover_s=0)
    with pytest.raises(StoreUnavailable):
        tick.once()
    claimed = world.control.leader()
    for _ in range(3):
        world.clock.sleep(1)
        with pytest.raises(StoreUnavailable):
            tick.once()
    assert claimed is not None
    assert world.control.leader() == claimed
