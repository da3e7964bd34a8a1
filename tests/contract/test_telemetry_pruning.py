"""Every telemetry store forgets the units of a release so many rows at a time, and keeps its sums."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from serinus.core.records.broken_rule import BrokenRule
from serinus.core.records.labels import AwaitedUnit, Label, LabelKey
from serinus.core.records.pairs import PairedUnit
from serinus.core.records.sums import ENROLLED, Enrolment, Sum, SumKey
from serinus.core.records.unit_measures import Spread, UnitKey, UnitSum
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryStore, TelemetryTx
from tests.contract.values import BrokenOffError

COST, SCORE = "cost.per_call", "judge.correctness"
NAMES = ("rel_1", "rel_2")
NOW_US = 1000
ROWS = 3 + 2 + 3 + 2 + 1
"""Rows that `fill` keeps of a release's units."""


def unit(number: int) -> bytes:
    """A unit's pseudonym."""
    return number.to_bytes(8, "big")


def fill(store: TelemetryStore) -> None:
    """Two releases with three users, two pairs, three labels, costs in two buckets, a broken rule, and their sums."""
    with store.tx() as tx:
        tx.enrol([Enrolment(name, unit(n), Arm.CONTROL, 0) for name in NAMES for n in range(3)])
        tx.pair([PairedUnit(name, unit(n)) for name in NAMES for n in range(2)])
        tx.add_sums([(SumKey(name, 0, ENROLLED, int(Arm.CONTROL)), Sum(total=3)) for name in NAMES])
        tx.add_unit_sums({UnitKey(name, 0, COST, 1, bucket): UnitSum(2, 7) for name in NAMES for bucket in (0, 9)})
        tx.note_broken([BrokenRule(release=name, arm=1, rule="r", at_us=1, call="c", version="v") for name in NAMES])
        rows = [AwaitedUnit(LabelKey(name, SCORE, unit(n)), 10, 0, 1) for name in NAMES for n in range(3)]
        tx.label(rows, {rows[0].key: Label(20, 500_000)})


def prune(tx: TelemetryTx, most: int = 100) -> int:
    """A batch of the first release."""
    return tx.prune_units("rel_1", NOW_US, most)


def test_units_are_forgotten_so_many_at_a_time(telemetry_store: TelemetryStore) -> None:
    """Batches over all that is kept of units, until nothing is left; another release keeps all of its own."""
    fill(telemetry_store)
    batches: list[int] = []
    while not batches or batches[-1]:
        with telemetry_store.tx() as tx:
            batches.append(prune(tx, 4))
    assert batches == [4, 4, ROWS - 8, 0]
    with telemetry_store.tx() as tx:
        assert tx.releases_of_units() == ["rel_2"]
        assert tx.awaited("rel_1", SCORE, (-1, b""), 100, 9) == []
        assert len(tx.awaited("rel_2", SCORE, (-1, b""), 100, 9)) == 3
        again = tx.enrol([Enrolment("rel_2", unit(0), Arm.CONTROL, 0)])
        assert (again, tx.pair([PairedUnit("rel_2", unit(0))])) == ([], set())
        assert tx.prune_units("rel_2", NOW_US, 1000) == ROWS


def test_what_a_report_reads_stays(telemetry_store: TelemetryStore) -> None:
    """The sums of the release, and the spreads over its units, to the last digit, half pruned and whole."""
    fill(telemetry_store)
    for most in (ROWS - 1, 1):
        with telemetry_store.tx() as tx:
            assert prune(tx, most) == most
        with telemetry_store.tx() as tx:
            assert tx.sums("rel_1") == [(SumKey("rel_1", 0, ENROLLED, int(Arm.CONTROL)), Sum(total=3))]
            spread = Spread(4, 14, 98, 28, 8)
            assert tx.spreads_of(NAMES) == {name: {(0, COST, 1): spread} for name in NAMES}


def test_it_is_known_for_good_whose_units_are_forgotten(telemetry_store: TelemetryStore) -> None:
    """From the first batch on, and when there is nothing left."""
    fill(telemetry_store)
    with telemetry_store.tx() as tx:
        assert tx.pruned(NAMES) == set()
        prune(tx, 1)
    for most in (100, 100):
        with telemetry_store.tx() as tx:
            prune(tx, most)
            assert tx.pruned([*NAMES, "rel_3"]) == {"rel_1"}
            assert tx.pruned([]) == set()


def test_a_batch_that_is_cut_short_has_deleted_nothing(telemetry_store: TelemetryStore) -> None:
    """Neither rows nor the mark; whoever comes next begins where it began."""
    fill(telemetry_store)

    def fail() -> None:
        with telemetry_store.tx() as tx:
            prune(tx, 5)
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fail()
    with telemetry_store.tx() as tx:
        assert tx.pruned(NAMES) == set()
        assert prune(tx) == ROWS


def test_two_that_prune_and_one_that_ships_lose_nothing(telemetry_store: TelemetryStore) -> None:
    """Two control processes prune one release while a host enrols users of another: each row goes once."""
    fill(telemetry_store)

    def forget(_: int) -> int:
        deleted, last = 0, 1
        while last:
            with telemetry_store.tx() as tx:
                last = prune(tx, 2)
            deleted += last
        return deleted

    def ship(_: int) -> int:
        fresh = 0
        for start in range(100, 140, 4):
            with telemetry_store.tx() as tx:
                fresh += len(tx.enrol([Enrolment("rel_2", unit(start + n), Arm.CANDIDATE, 0) for n in range(4)]))
        return fresh

    with ThreadPoolExecutor(3) as pool:
        shipped = pool.submit(ship, 0)
        assert sum(pool.map(forget, range(2))) == ROWS
        assert shipped.result() == 40
