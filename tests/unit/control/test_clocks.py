"""Hosts whose wall clocks are wrong, beside one whose clock is right."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.decision.standing import standing
from serinus.core.fleet import HostStatus
from serinus.core.records.record import Event
from serinus.core.release.table import State
from tests.unit.control.production import PLAN, Production, rate


@pytest.mark.parametrize("behind_s", [3600, -3600])
def test_a_host_whose_clock_is_wrong_blinds_no_limit(behind_s: int) -> None:
    """An idle second host, an hour behind or ahead, reports and ships: the limit judges what the first one shipped,
    as quickly as without it, and the standing tells of the clock."""
    world = Production(msgspec.structs.replace(PLAN, guardrails=()))
    world.rates = {Event.ERROR: rate(0.0, 0.0)}
    world.start()
    beat = 0

    def seconds(number: int) -> None:
        nonlocal beat
        for _ in range(number):
            beat += 1
            status = HostStatus(
                host="off", beat=beat, shipped_until_us=world.clock.now_us() - behind_s * 1_000_000,
                clock_offset_us=-behind_s * 1_000_000, followed=world.routing().revision,
            )  # fmt: skip
            with world.telemetry.tx() as tx:
                tx.put_host(status)
            world.second()

    seconds(10)
    world.rates = {Event.ERROR: rate(0.9, 0.01)}
    seconds(12)
    assert world.release().state in (State.ROLLING_BACK, State.ROLLED_BACK)
    assert "above 20.0% in each of 5 seconds in a row" in world.release().reason
    with world.telemetry.tx() as tx:
        shown = standing(world.release(), None, [], tx.hosts(), 1, world.clock.now_us())
    assert [(clock.host, clock.offset_s) for clock in shown.clocks] == [("off", -behind_s)]
    assert shown.data_age_s is not None
    assert shown.data_age_s < 5
