"""Every store adds up costs by arm, and remembers whose texts were erased."""

from __future__ import annotations

from serinus.core.records.sums import Cost, Rollup
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlStore
from serinus.ports.payloads import Erasure
from serinus.ports.telemetry_store import TelemetryStore


def _rollup(arm: Arm, width_s: int, release: str = "rel_1", **sums: int) -> Rollup:
    return Rollup(
        host="h", app="shop", release=release, stratum=0, arm=int(arm), version="", start_us=60_000_000,
        width_s=width_s, requests=10, events={}, **sums,
    )  # fmt: skip


def test_O1_costs_of_a_release_add_up_by_arm(telemetry_store: TelemetryStore) -> None:
    """From the minutes alone; sums of 64 bits stay exact; other releases do not count."""
    large = 2**53 + 1
    with telemetry_store.tx() as tx:
        tx.add_rollups([_rollup(Arm.CANDIDATE, 60, priced=9, cost_nano=large), _rollup(Arm.CANDIDATE, 1, priced=9)])
        tx.add_rollups([_rollup(Arm.SHADOW, 60, priced=3, cost_nano=5), _rollup(Arm.CONTROL, 60, release="rel_2")])
        tx.add_rollups([_rollup(Arm.CANDIDATE, 60, priced=1, cost_nano=1)])
        assert tx.costs("rel_1") == {
            Arm.CANDIDATE: Cost(calls=20, priced=10, nano=large + 1),
            Arm.SHADOW: Cost(calls=10, priced=3, nano=5),
        }
        assert tx.costs("rel_9") == {}


def test_L3_an_erasure_is_remembered_once_by_unit(control_store: ControlStore) -> None:
    """The newest counts, and old ones are passed over."""
    with control_store.tx() as tx:
        tx.put_erasure(Erasure(unit="bb", at_us=10))
        tx.put_erasure(Erasure(unit="aa", at_us=5))
        tx.put_erasure(Erasure(unit="aa", at_us=20))
    with control_store.tx() as tx:
        assert tx.erasures(0) == [Erasure(unit="aa", at_us=20), Erasure(unit="bb", at_us=10)]
        assert tx.erasures(10) == [Erasure(unit="aa", at_us=20)]
