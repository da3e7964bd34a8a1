"""Every telemetry store keeps one label of each unit that is awaited, and reads them on in the order of exposure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.records.sums import Enrolment
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryStore
from tests.contract.values import BrokenOffError

METRIC = "judge.correctness"
START = (-1, b"")


def key(number: int, release: str = "rel_1", metric: str = METRIC) -> LabelKey:
    """A unit's."""
    return LabelKey(release, metric, number.to_bytes(8, "big"))


def row(number: int, at_us: int = 1000, **other: str) -> AwaitedUnit:
    """A unit that has just enrolled."""
    return AwaitedUnit(key(number, **other), at_us, 0, int(Arm.CANDIDATE if number % 2 else Arm.CONTROL))


def read(store: TelemetryStore, after: tuple[int, bytes] = START, until_us: int = 10**9, most: int = 100) -> list[int]:
    """The numbers of the units that are read on."""
    with store.tx() as tx:
        return [int.from_bytes(one.key.unit, "big") for one in tx.awaited("rel_1", METRIC, after, until_us, most)]


def test_T43_units_are_read_on_in_the_order_of_exposure_then_id(telemetry_store: TelemetryStore) -> None:
    """Beyond the place, up to the time, at most so many, and of this release and metric alone."""
    with telemetry_store.tx() as tx:
        tx.label([row(3, 2000), row(200, 1000), row(9, 1000), row(1, 3000)], {})
        tx.label([row(4, 1500, release="rel_2"), row(5, 1500, metric="judge.coherence")], {})
    assert read(telemetry_store) == [9, 200, 3, 1]
    assert read(telemetry_store, most=2) == [9, 200]
    assert read(telemetry_store, until_us=2000) == [9, 200, 3]
    assert read(telemetry_store, after=(1000, key(9).unit)) == [200, 3, 1]
    assert read(telemetry_store, after=(3000, key(1).unit)) == []


def test_labels_of_ended_releases_are_forgotten_so_many_at_a_time(telemetry_store: TelemetryStore) -> None:
    """Units of releases that go on stay, and units that were exposed just now."""
    names = ("rel_1", "rel_2", "rel_3")
    with telemetry_store.tx() as tx:
        tx.label([row(unit, at_us, release=one) for one in names for unit, at_us in ((1, 10), (2, 20), (3, 50))], {})
    with telemetry_store.tx() as tx:
        assert [tx.forget_labels({"rel_2"}, 50, 3) for _ in range(3)] == [3, 1, 0]
        left = {one: [found.key.unit[-1] for found in tx.awaited(one, METRIC, START, 100, 9)] for one in names}
    assert left == {"rel_1": [3], "rel_2": [1, 2, 3], "rel_3": [3]}


def test_T43_the_first_label_of_a_unit_stays(telemetry_store: TelemetryStore) -> None:
    """Later labels, repeated rows and labels of units that nobody awaits change nothing."""
    with telemetry_store.tx() as tx:
        tx.label([row(1)], {key(1): Label(2000, 250_000), key(7): Label(2000, 1)})
    with telemetry_store.tx() as tx:
        tx.label([row(1, 5000)], {key(1): Label(1500, 900_000)})
        (found,) = tx.awaited("rel_1", METRIC, START, 10**9, 9)
    assert (found.exposed_at_us, found.label) == (1000, Label(2000, 250_000))


def test_T43_a_label_of_zero_is_a_label(telemetry_store: TelemetryStore) -> None:
    """The worst score is not none; a unit without a label has none."""
    with telemetry_store.tx() as tx:
        tx.label([row(1), row(2)], {key(1): Label(2000, 0)})
        first, second = tx.awaited("rel_1", METRIC, START, 10**9, 9)
    assert (first.label, second.label) == (Label(2000, 0), None)
    assert (first.arm, second.arm) == (Arm.CANDIDATE, Arm.CONTROL)


def test_T43_a_failed_batch_labels_nobody(telemetry_store: TelemetryStore) -> None:
    """Rows and labels are as they were when the transaction is rolled back."""
    with telemetry_store.tx() as tx:
        tx.label([row(1)], {})

    def fail() -> None:
        with telemetry_store.tx() as tx:
            tx.label([row(2)], {key(1): Label(2000, 5)})
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fail()
    with telemetry_store.tx() as tx:
        (found,) = tx.awaited("rel_1", METRIC, START, 10**9, 9)
    assert found.label is None


def test_T43_a_label_that_another_host_ships_waits_for_its_unit(telemetry_store: TelemetryStore) -> None:
    """Hosts that enrol and label the same units at the same time lose no label and never wait in a circle."""

    def ship(host: int) -> None:
        for start in range(0, 60, 6):
            numbers = range(start, start + 6)
            with telemetry_store.tx() as tx:
                batch = [Enrolment("rel_1", key(n).unit, Arm(row(n).arm), 0) for n in numbers]
                fresh = {one.enrolment.unit for one in tx.enrol(batch) if one.is_new}
                rows = [row(n) for n in numbers if key(n).unit in fresh]
                tx.label(rows, {key(n): Label(2000, n) for n in numbers if n % 3 == host})

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(ship, range(3)))
    with telemetry_store.tx() as tx:
        found = tx.awaited("rel_1", METRIC, START, 10**9, 100)
    assert [one.label for one in found] == [Label(2000, n) for n in range(60)]
