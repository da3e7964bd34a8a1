"""The tick over every kind of store: in memory, SQLite, PostgreSQL."""

from __future__ import annotations

from typing import Protocol

import msgspec

from serinus.control.verify_audit import verify_audit
from serinus.core.pipeline.plan import Step
from serinus.core.records.record import Event
from serinus.core.release.table import State
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore
from tests.unit.control.production import LOOSE, PLAN, Production, rate

QUICK = msgspec.structs.replace(
    PLAN,
    steps=(Step(share=0.25, dwell_s=3, min_units=20), Step(share=0.5, dwell_s=3), Step(share=1.0, dwell_s=3)),
    stages=(),
    limits=LOOSE,
)


class Stores(Protocol):
    """A place whose stores can be opened again."""

    def open(self) -> tuple[ControlStore, TelemetryStore]:
        """Both stores."""
        ...


def test_releases_end_alike_on_every_store(place: Stores) -> None:
    """A healthy release is promoted step by step and a harmful one rolled back, with the chain whole, also when a
    second control over stores of its own takes over in between."""
    world = Production(QUICK, calls_per_s=60, stores=place.open())
    world.rates = {Event.INVALID_FORMAT: rate(0.05, 0.05)}
    world.start()
    assert world.until(State.PROMOTED, within_s=40).state is State.PROMOTED
    assert world.actions() == ["advance", "advance", "promote"]
    world.candidate = world.push("You are a rude shop.")
    world.control, world.telemetry = place.open()
    world.tick = world.new_tick(takeover_s=2)
    world.rates = {Event.INVALID_FORMAT: rate(0.8, 0.1)}
    world.start()
    assert world.until(State.ROLLED_BACK, within_s=40).state is State.ROLLED_BACK
    assert world.actions()[-2:] == ["roll_back", "confirm"]
    assert verify_audit(world.control)[1] == []
