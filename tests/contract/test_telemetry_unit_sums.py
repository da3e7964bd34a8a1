"""Every telemetry store adds up cost and tokens by buckets of units, and carries the spread over them along."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from serinus.core.records.unit_measures import Spread, UnitKey, UnitSum
from serinus.ports.telemetry_store import TelemetryStore
from tests.contract.values import BrokenOffError

COST = "cost.per_call"


def key(bucket: int, release: str = "rel_1", arm: int = 1, stratum: int = 0) -> UnitKey:
    """A bucket."""
    return UnitKey(release, stratum, COST, arm, bucket)


def test_the_spread_is_exact_beyond_64_bits(telemetry_store: TelemetryStore) -> None:
    """Buckets grow in several transactions; sums of products stay whole numbers far above 2⁶³."""
    big = 3 * 10**12 + 1
    for _ in range(2):
        with telemetry_store.tx() as tx:
            tx.add_unit_sums({key(0): UnitSum(2, big), key(255): UnitSum(1, 7), key(3, arm=2): UnitSum(1, 5)})
    with telemetry_store.tx() as tx:
        tx.add_unit_sums({})
        found = tx.spreads_of(["rel_1", "rel_2"])
    assert found == {
        "rel_1": {
            (0, COST, 1): Spread(6, 2 * big + 14, 4 * big**2 + 14**2, 4 * 2 * big + 2 * 14, 4**2 + 2**2),
            (0, COST, 2): Spread(2, 10, 100, 20, 4),
        }
    }


def test_releases_are_apart(telemetry_store: TelemetryStore) -> None:
    """Sums of one release are not those of another; one without any is not there."""
    with telemetry_store.tx() as tx:
        tx.add_unit_sums({key(0, "rel_1"): UnitSum(1, 1), key(0, "rel_2", stratum=3): UnitSum(1, 2)})
        assert tx.spreads_of(["rel_2"]) == {"rel_2": {(3, COST, 1): Spread(1, 2, 4, 2, 1)}}
        assert tx.spreads_of([]) == {}


def test_a_failed_batch_adds_nothing(telemetry_store: TelemetryStore) -> None:
    """Buckets and spread are as they were when the transaction is rolled back."""

    def fail() -> None:
        with telemetry_store.tx() as tx:
            tx.add_unit_sums({key(0): UnitSum(1, 1)})
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fail()
    with telemetry_store.tx() as tx:
        assert tx.spreads_of(["rel_1"]) == {}


def test_hosts_that_add_at_the_same_time_lose_nothing(telemetry_store: TelemetryStore) -> None:
    """Eight writers over the same buckets, in whatever order: the spread is that of the final buckets."""

    def add(number: int) -> None:
        for _ in range(5):
            with telemetry_store.tx() as tx:
                tx.add_unit_sums({key((number + i) % 4): UnitSum(1, number + 1) for i in range(4)})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    total, calls = 5 * sum(range(1, 9)), 40
    with telemetry_store.tx() as tx:
        (spread,) = tx.spreads_of(["rel_1"])["rel_1"].values()
    assert spread == Spread(4 * calls, 4 * total, 4 * total**2, 4 * total * calls, 4 * calls**2)
