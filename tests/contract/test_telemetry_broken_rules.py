"""Every telemetry store keeps, of each rule with zero tolerance that a candidate broke, the newest call."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.records.broken_rule import BrokenRule
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryStore
from tests.contract.values import BrokenOffError

FIRST = BrokenRule(
    release="rel_1", arm=int(Arm.CANDIDATE), rule="no_refunds", at_us=10, call="call_first", version="a" * 64
)
LATER = msgspec.structs.replace(FIRST, at_us=20, call="call_later")
LENGTH = msgspec.structs.replace(FIRST, rule="too_long", call="call_long")
MIRRORED = msgspec.structs.replace(FIRST, arm=int(Arm.SHADOW), call="call_shadow")
FOREIGN = msgspec.structs.replace(FIRST, release="rel_2")


@pytest.mark.parametrize("batches", [[[FIRST], [LATER]], [[LATER], [FIRST]], [[FIRST, LATER]], [[LATER, FIRST], []]])
def test_J1_the_newest_call_of_each_rule_is_kept(
    telemetry_store: TelemetryStore, batches: list[list[BrokenRule]]
) -> None:
    """In whatever order hosts tell of them."""
    for batch in batches:
        with telemetry_store.tx() as tx:
            tx.note_broken(batch)
    with telemetry_store.tx() as tx:
        assert tx.broken_rules("rel_1") == [LATER]


def test_J1_rules_arms_and_releases_are_told_apart(telemetry_store: TelemetryStore) -> None:
    """By arm and rule, and of the release alone that is asked for."""
    with telemetry_store.tx() as tx:
        tx.note_broken([MIRRORED, LENGTH, FIRST, FOREIGN])
    with telemetry_store.tx() as tx:
        assert tx.broken_rules("rel_1") == [FIRST, LENGTH, MIRRORED]
        assert (tx.broken_rules("rel_2"), tx.broken_rules("rel_3")) == ([FOREIGN], [])


def _break_off(store: TelemetryStore) -> None:
    with store.tx() as tx:
        tx.note_broken([FIRST])
        raise BrokenOffError


def test_H7_a_batch_that_breaks_off_leaves_nothing(telemetry_store: TelemetryStore) -> None:
    """It comes again, with the sums that it belongs to."""
    with pytest.raises(BrokenOffError):
        _break_off(telemetry_store)
    with telemetry_store.tx() as tx:
        assert tx.broken_rules("rel_1") == []
