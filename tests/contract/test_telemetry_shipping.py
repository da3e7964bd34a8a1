"""Every telemetry store counts each batch exactly once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serinus.adapters.host_dir import HostDir
from serinus.adapters.memory_log import MemoryLog
from serinus.agent.ship import Shipper, ShipSettings
from serinus.core.errors import Conflict
from serinus.core.fleet import HostStatus, InFlight, WorkerStatus
from serinus.core.records.record import Event
from serinus.core.records.sums import Enrolment, Sum, SumKey
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import Fresh, TelemetryStore
from tests.conftest import Place
from tests.contract.values import BrokenOffError
from tests.fake_workers import ManualClock

KEY = SumKey("rel_1", 0, "enrolled", int(Arm.CANDIDATE))


def unit(number: int) -> bytes:
    """A unit's hash."""
    return number.to_bytes(8, "big")


def one(number: int, events: int = 0, arm: Arm = Arm.CANDIDATE, stratum: int = 0) -> Enrolment:
    """A unit enrolled in rel_1."""
    return Enrolment("rel_1", unit(number), arm, stratum, events)


def test_an_offset_advances_by_compare_and_swap(telemetry_store: TelemetryStore) -> None:
    """A segment is at 0 until it is shipped; an outdated expectation is a Conflict, also on an unknown segment."""
    with telemetry_store.tx() as tx:
        assert tx.offset("a-00000001") == 0
        tx.advance_offset("a-00000001", 0, 100)
        tx.advance_offset("a-00000001", 100, 2**40)
    with telemetry_store.tx() as tx:
        assert tx.offset("a-00000001") == 2**40
        for spool, expected in (("a-00000001", 0), ("a-00000001", 100), ("unknown", 5)):
            with pytest.raises(Conflict, match="no longer shipped"):
                tx.advance_offset(spool, expected, expected + 1)
        assert tx.offset("unknown") == 0


def test_an_offset_that_stands_at_zero_advances(telemetry_store: TelemetryStore) -> None:
    """From 0 to 0 (an empty batch) and on."""
    with telemetry_store.tx() as tx:
        tx.advance_offset("a", 0, 0)
        tx.advance_offset("a", 0, 7)
        assert tx.offset("a") == 7


def test_forgotten_offsets_begin_anew(telemetry_store: TelemetryStore) -> None:
    """Only the named segments are forgotten."""
    with telemetry_store.tx() as tx:
        for spool in ("a", "b", "c"):
            tx.advance_offset(spool, 0, 9)
        tx.forget_offsets(["a", "c", "unknown"])
        tx.forget_offsets([])
    with telemetry_store.tx() as tx:
        assert [tx.offset(spool) for spool in ("a", "b", "c")] == [0, 9, 0]


def test_a_unit_is_new_once(telemetry_store: TelemetryStore) -> None:
    """The first appearance is new, whatever comes later has nothing to tell."""
    with telemetry_store.tx() as tx:
        assert tx.enrol([]) == []
        assert tx.enrol([one(1), one(2, Event.ERROR)]) == [
            Fresh(enrolment=one(1), is_new=True),
            Fresh(enrolment=one(2, Event.ERROR), is_new=True),
        ]
    with telemetry_store.tx() as tx:
        assert tx.enrol([one(1), one(2, Event.ERROR), one(2)]) == []


def test_each_event_is_first_once(telemetry_store: TelemetryStore) -> None:
    """Only bits that were never set are told, under the arm and stratum of the first appearance."""
    with telemetry_store.tx() as tx:
        tx.enrol([one(1, Event.ERROR, Arm.CONTROL, 2)])
    with telemetry_store.tx() as tx:
        fresh = tx.enrol([one(1, Event.ERROR | Event.REFUSAL, Arm.CANDIDATE, 0), one(1, Event.OVERDUE)])
        assert fresh == [Fresh(enrolment=one(1, Event.REFUSAL | Event.OVERDUE, Arm.CONTROL, 2), is_new=False)]
    with telemetry_store.tx() as tx:
        assert tx.enrol([one(1, Event.ERROR | Event.REFUSAL | Event.OVERDUE)]) == []


def test_a_batch_may_repeat_units(telemetry_store: TelemetryStore) -> None:
    """Within a batch the first line gives arm and stratum, and all lines their events."""
    with telemetry_store.tx() as tx:
        fresh = tx.enrol([one(1, 0, Arm.CONTROL, 1), one(1, Event.ERROR), one(1, Event.REFUSAL)])
    assert fresh == [Fresh(enrolment=one(1, Event.ERROR | Event.REFUSAL, Arm.CONTROL, 1), is_new=True)]


def test_releases_do_not_share_units(telemetry_store: TelemetryStore) -> None:
    """The same unit is new in every release."""
    with telemetry_store.tx() as tx:
        tx.enrol([one(1)])
        other = Enrolment("rel_2", unit(1), Arm.CONTROL, 0, 0)
        assert tx.enrol([other]) == [Fresh(enrolment=other, is_new=True)]


def test_thousands_of_units_in_one_batch(telemetry_store: TelemetryStore) -> None:
    """A batch of 5,000 over two releases; then half of them with an event, among as many new ones."""
    with telemetry_store.tx() as tx:
        batch = [Enrolment(f"rel_{i % 2}", unit(i), Arm.CANDIDATE, 0, 0) for i in range(5000)]
        assert len(tx.enrol(batch)) == 5000
    with telemetry_store.tx() as tx:
        fresh = tx.enrol([Enrolment(f"rel_{i % 2}", unit(i), Arm.CANDIDATE, 0, 1) for i in range(2500, 7500)])
    assert sum(f.is_new for f in fresh) == 2500
    assert len(fresh) == 5000
    assert {f.enrolment.events for f in fresh} == {1}


def test_sums_add_up(telemetry_store: TelemetryStore) -> None:
    """Sums grow by key, repeated keys in a batch included; they come in order of their keys."""
    other = SumKey("rel_1", 0, "call.error", int(Arm.CONTROL))
    with telemetry_store.tx() as tx:
        tx.add_sums([])
        tx.add_sums([(KEY, Sum(1, 2, 3)), (other, Sum(0, 5, 0)), (KEY, Sum(1, -7, 1))])
        tx.add_sums([(SumKey("rel_2", 0, "enrolled", 1), Sum(9, 9, 9))])
    with telemetry_store.tx() as tx:
        tx.add_sums([(KEY, Sum(1, 1, 1))])
        assert tx.sums("rel_1") == [(other, Sum(0, 5, 0)), (KEY, Sum(3, -4, 5))]
        assert tx.sums("rel_3") == []


def test_squares_outgrow_64_bits(telemetry_store: TelemetryStore) -> None:
    """Squares are exact far above 2⁶³."""
    big = 2**63 - 1
    with telemetry_store.tx() as tx:
        for _ in range(5):
            tx.add_sums([(KEY, Sum(1, 0, big**1 * 3 + 1)), (KEY, Sum(0, 0, 2**90 + 12345))])
        assert tx.sums("rel_1") == [(KEY, Sum(5, 0, 5 * (big * 3 + 1 + 2**90 + 12345)))]


def test_a_failed_batch_counts_nothing(telemetry_store: TelemetryStore) -> None:
    """Offset, units and sums of a transaction stand or fall together."""

    def fail() -> None:
        with telemetry_store.tx() as tx:
            tx.enrol([one(1)])
            tx.add_sums([(KEY, Sum(total=1))])
            tx.advance_offset("a", 0, 10)
            tx.put_host(HostStatus(host="h", beat=1, shipped_until_us=0))
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fail()
    with telemetry_store.tx() as tx:
        assert (tx.offset("a"), tx.sums("rel_1"), tx.hosts()) == (0, [], [])
        assert len(tx.enrol([one(1)])) == 1


def units_of(agent: int) -> list[Enrolment]:
    """Two thousand of three thousand units, an event each, upwards or downwards from a point of the agent's own."""
    step = 1 if agent % 2 else -1
    return [one((agent * 370 + i * step) % 3000, 1 << (i % 3)) for i in range(2000)]


def test_hosts_that_share_units_count_each_once(place: Place) -> None:
    """Four agents on openings of their own enrol overlapping units at the same time and in different orders: the sums
    hold every unit and every first event exactly once, and nobody waits in a circle (that would be Contended)."""
    stores = [place.open()[1] for _ in range(4)]
    together = threading.Barrier(4)

    def agent(number: int) -> None:
        for round in range(2):
            units = units_of(number + round)
            together.wait()
            with stores[number].tx() as tx:
                tx.advance_offset(f"spool-{number}", round, round + 1)
                fresh = tx.enrol(units)
                events = sum(f.enrolment.events.bit_count() for f in fresh)
                tx.add_sums([(SumKey("rel_1", 0, "events", 1), Sum(total=events))])
                tx.add_sums([(KEY, Sum(total=sum(f.is_new for f in fresh)))])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(agent, range(4)))
    expected: dict[bytes, int] = {}
    for enrolment in (e for number in range(5) for e in units_of(number)):
        expected[enrolment.unit] = expected.get(enrolment.unit, 0) | enrolment.events
    with stores[0].tx() as tx:
        counted = {key.metric: total.total for key, total in tx.sums("rel_1")}
    assert counted == {"enrolled": len(expected), "events": sum(e.bit_count() for e in expected.values())}


def test_two_agents_cannot_ship_one_batch(place: Place) -> None:
    """Of two agents that ship the same piece of a spool at the same time one succeeds, and the sums hold it once."""
    stores = [place.open()[1], place.open()[1]]

    def agent(number: int) -> int:
        shipped = 0
        for piece in range(10):
            try:
                with stores[number].tx() as tx:
                    tx.add_sums([(KEY, Sum(total=1))])
                    tx.advance_offset("spool", piece, piece + 1)
                shipped += 1
            except Conflict:
                continue
        return shipped

    with ThreadPoolExecutor(2) as pool:
        shipped = sum(pool.map(agent, range(2)))
    with stores[0].tx() as tx:
        assert tx.sums("rel_1") == [(KEY, Sum(total=shipped))]
        assert tx.offset("spool") == shipped


def test_a_host_report_is_replaced(telemetry_store: TelemetryStore) -> None:
    """The newest report of each host, by name; a dropped host is gone."""
    status = HostStatus(
        host="b",
        beat=2,
        shipped_until_us=3,
        workers=(WorkerStatus(instance="ins_1", pid=4, acked=5, leased=True, dropped=6),),
        in_flight=(InFlight(app="shop", release="rel_1", stratum=0, arm=1, count=2, oldest_ms=3),),
    )
    with telemetry_store.tx() as tx:
        tx.put_host(HostStatus(host="b", beat=1, shipped_until_us=0))
        tx.put_host(HostStatus(host="a", beat=1, shipped_until_us=0))
        tx.put_host(status)
    with telemetry_store.tx() as tx:
        assert tx.hosts() == [HostStatus(host="a", beat=1, shipped_until_us=0), status]
        tx.drop_host("a")
        tx.drop_host("unknown")
        assert tx.hosts() == [status]
        assert (tx.host("b"), tx.host("a")) == (status, None)


def test_a_key_is_noted_once(telemetry_store: TelemetryStore) -> None:
    """Only what had not come before is told, repeats within a batch included, until it is forgotten."""
    with telemetry_store.tx() as tx:
        assert tx.note([], 1) == set()
        assert tx.note([b"b" * 16, b"a" * 16, b"b" * 16], 10) == {b"a" * 16, b"b" * 16}
    with telemetry_store.tx() as tx:
        assert tx.note([b"c" * 16, b"a" * 16], 20) == {b"c" * 16}
        assert tx.forget_notes(20) == 2
        assert tx.note([b"c" * 16, b"a" * 16], 30) == {b"a" * 16}


def test_hosts_that_note_the_same_keys_note_each_once(place: Place) -> None:
    """Four agents at the same time and in different orders: each key is new to exactly one of them."""
    stores = [place.open()[1] for _ in range(4)]
    keys = [number.to_bytes(16, "big") for number in range(500)]
    together = threading.Barrier(4)

    def agent(number: int) -> set[bytes]:
        together.wait()
        with stores[number].tx() as tx:
            return tx.note(keys[::-1] if number % 2 else keys, number)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(agent, range(4)))
    assert sorted(key for fresh in found for key in fresh) == keys


def test_a_failed_batch_notes_nothing(telemetry_store: TelemetryStore) -> None:
    """A key is new again when the transaction that noted it was rolled back."""

    def fail() -> None:
        with telemetry_store.tx() as tx:
            tx.note([b"a" * 16], 1)
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fail()
    with telemetry_store.tx() as tx:
        assert tx.note([b"a" * 16], 1) == {b"a" * 16}


def test_a_store_tells_its_own_time_or_that_it_has_none(telemetry_store: TelemetryStore) -> None:
    """A server's clock goes on within a transaction, and on this machine it is ours; a file has no clock."""
    with telemetry_store.tx() as tx:
        first, now_us = tx.clock_us(), time.time_ns() // 1000
        second = tx.clock_us()
    if first is not None:
        assert second is not None
        assert first < second
        assert abs(first - now_us) < 30_000_000


def test_an_agent_reports_how_far_its_clock_is_off_the_stores(telemetry_store: TelemetryStore, tmp_path: Path) -> None:
    """With each report, to a second or so; a store without a clock leaves nothing to compare with."""
    clock = ManualClock()
    clock.wall_us = time.time_ns() // 1000 - 3_600_000_000
    host = HostDir(tmp_path, clock.now_us)
    Shipper("far", host, telemetry_store, MemoryLog(), clock, ShipSettings()).round()
    with telemetry_store.tx() as tx:
        (reported,), has_clock = tx.hosts(), tx.clock_us() is not None
    assert abs(reported.clock_offset_us / 1e6 - (-3600 if has_clock else 0)) < 30
