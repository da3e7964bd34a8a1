"""Which rule with zero tolerance was broken reaches the store with the sums that take a release back."""

from __future__ import annotations

from pathlib import Path

import msgspec

from serinus.core.records import call_id
from serinus.core.records.record import Event
from serinus.core.routing.assignment import Arm
from tests.fake_workers import begin, end, raw_call
from tests.unit.agent.world import RELEASE_ID, World

STRICT = int(Event.POLICY_VIOLATION | Event.ZERO_TOLERANCE)


def test_J1_a_broken_rule_is_shipped_with_its_event(tmp_path: Path) -> None:
    """In one transaction: where the event counts, the rule and the call can be named."""
    world = World(tmp_path)
    worker, call = world.worker(), raw_call(1, arm=int(Arm.CANDIDATE))
    broken = msgspec.structs.replace(end(call, world.clock, STRICT), rules=("no_refunds",))
    worker.write(begin(call, world.clock), broken)
    world.round()
    assert world.sums()["call.zero_tolerance", 0, int(Arm.CANDIDATE)] == 1
    with world.store.tx() as tx:
        (found,) = tx.broken_rules(RELEASE_ID)
    assert (found.rule, found.call) == ("no_refunds", call_id.text(call))


def test_nothing_comes_back_of_a_release_whose_units_are_forgotten(tmp_path: Path) -> None:
    """A late record counts in no sum, and names no call."""
    world = World(tmp_path)
    worker, call = world.worker(), raw_call(1, arm=int(Arm.CANDIDATE))
    with world.store.tx() as tx:
        tx.prune_units(RELEASE_ID, 1, 10)
    worker.write(begin(call, world.clock), msgspec.structs.replace(end(call, world.clock, STRICT), rules=("r",)))
    world.round()
    with world.store.tx() as tx:
        assert tx.broken_rules(RELEASE_ID) == []
