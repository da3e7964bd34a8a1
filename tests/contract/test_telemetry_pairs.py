"""Every telemetry store knows which units have a pair, each once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from serinus.core.records.pairs import PairedUnit
from serinus.core.records.sums import Enrolment, Sum, SumKey
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryStore
from tests.conftest import Place
from tests.contract.values import BrokenOffError

KEY = SumKey("rel_1", -2, "pairs", int(Arm.SHADOW))


def unit(number: int, release: str = "rel_1") -> PairedUnit:
    """A unit of a release."""
    return PairedUnit(release, number.to_bytes(8, "big"))


def test_a_unit_is_paired_once_in_a_release(telemetry_store: TelemetryStore) -> None:
    """Only what had no pair before is told, repeats within a batch included; releases do not share units."""
    with telemetry_store.tx() as tx:
        assert tx.pair([]) == set()
        assert tx.pair([unit(2), unit(1), unit(2)]) == {unit(1), unit(2)}
    with telemetry_store.tx() as tx:
        assert tx.pair([unit(3), unit(1), unit(1, "rel_2")]) == {unit(3), unit(1, "rel_2")}


def test_a_paired_unit_can_still_be_enrolled(telemetry_store: TelemetryStore) -> None:
    """Having a pair exposes nobody: the unit is new when it first meets an arm."""
    with telemetry_store.tx() as tx:
        tx.pair([unit(1)])
        (fresh,) = tx.enrol([Enrolment("rel_1", unit(1).unit, Arm.CONTROL, 0)])
        assert fresh.is_new


def test_thousands_of_units_in_one_batch(telemetry_store: TelemetryStore) -> None:
    """A batch of 5,000, then half of them again among as many new ones."""
    with telemetry_store.tx() as tx:
        assert len(tx.pair([unit(number) for number in range(5000)])) == 5000
    with telemetry_store.tx() as tx:
        assert tx.pair([unit(number) for number in range(2500, 7500)]) == {unit(n) for n in range(5000, 7500)}


def test_a_failed_batch_pairs_nobody(telemetry_store: TelemetryStore) -> None:
    """A unit is unpaired again when the transaction that noted it was rolled back."""

    def fail() -> None:
        with telemetry_store.tx() as tx:
            tx.pair([unit(1)])
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fail()
    with telemetry_store.tx() as tx:
        assert tx.pair([unit(1)]) == {unit(1)}


def test_hosts_that_pair_the_same_units_count_each_once(place: Place) -> None:
    """Four agents at the same time and in different orders: each unit is new to exactly one, and nobody waits in a
    circle although each enrols before and adds up behind."""
    stores = [place.open()[1] for _ in range(4)]
    units = [unit(number) for number in range(500)]
    together = threading.Barrier(4)

    def agent(number: int) -> None:
        mine = units[::-1] if number % 2 else units
        together.wait()
        with stores[number].tx() as tx:
            tx.enrol([Enrolment("rel_1", one.unit, Arm.CONTROL, 0) for one in mine])
            tx.add_sums([(KEY, Sum(total=len(tx.pair(mine))))])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(agent, range(4)))
    with stores[0].tx() as tx:
        assert tx.sums("rel_1") == [(KEY, Sum(total=500))]
