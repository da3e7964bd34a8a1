"""The lease of candidate shares: renewed only by signs of life."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.adapters.host_dir import HostDir
from serinus.adapters.memory_control import MemoryControlStore
from serinus.agent.renew import Lease
from serinus.core.routing import lease
from serinus.ports.control_store import Leader
from tests.fake_workers import START_NS, ManualClock

BOOT = 77
SECOND_NS = 1_000_000_000


class Bench:
    """A leader that beats when told, a host, and telemetry that ships when told."""

    def __init__(self, root: Path) -> None:
        self.clock = ManualClock()
        self.store = MemoryControlStore(bytes)
        self.host = HostDir(root, self.clock.now_us)
        self.shipped_mono_ns = 0
        leader = self.store.claim("control-1", None)
        assert leader is not None
        self.leader: Leader = leader

    def lease(self) -> Lease:
        return Lease(self.host, self.store, self.clock, BOOT, lambda: self.shipped_mono_ns)

    def beat(self) -> None:
        self.leader = self.store.beat(self.leader)

    def ship(self) -> None:
        self.shipped_mono_ns = self.clock.mono_ns()

    def on_disk(self) -> tuple[int, int, int] | None:
        return lease.decode(self.host.lease())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_beat_that_merely_stands_in_the_store_renews_nothing(bench: Bench) -> None:
    """The first look at a leader proves nobody alive: he may be long dead."""
    bench.ship()
    renewing = bench.lease()
    assert not renewing.renew()
    bench.clock.advance(1)
    assert not renewing.renew()
    assert bench.on_disk() is None


def test_a_beat_seen_to_change_and_a_shipped_spool_renew_the_lease(bench: Bench) -> None:
    """The lease holds from the older of both."""
    renewing = bench.lease()
    renewing.renew()
    bench.ship()
    bench.clock.advance(1)
    bench.beat()
    assert renewing.renew()
    assert bench.on_disk() == (1, START_NS, BOOT)
    bench.clock.advance(1)
    bench.ship()
    bench.beat()
    assert renewing.renew()
    assert bench.on_disk() == (2, START_NS + SECOND_NS, BOOT)


def test_J4_a_beat_that_changed_while_nobody_looked_may_be_long_past(bench: Bench) -> None:
    """An agent that was stopped for an hour finds another beat than it knew; its leader may be dead for most of it."""
    renewing = bench.lease()
    renewing.renew()
    bench.clock.advance(1)
    bench.beat()
    bench.clock.advance(3600)
    bench.ship()
    renewing.renew()
    found = bench.on_disk()
    assert found is None or not lease.valid(found[1], bench.clock.mono_ns(), 30.0)
    bench.clock.advance(1)
    bench.beat()
    bench.ship()
    assert renewing.renew()


@pytest.mark.parametrize("dead", ["control", "telemetry"])
def test_a_dead_control_plane_or_telemetry_lets_the_lease_lapse(bench: Bench, dead: str) -> None:
    """With one of them silent the time of renewal stands still, however alive the other one is."""
    renewing = bench.lease()
    renewing.renew()
    for _ in range(2):
        bench.clock.advance(1)
        bench.beat()
        bench.ship()
        renewing.renew()
    last = bench.on_disk()
    for _ in range(5):
        bench.clock.advance(10)
        if dead == "control":
            bench.ship()
        else:
            bench.beat()
        renewing.renew()
    assert bench.on_disk() in (last, (3, START_NS + 2 * SECOND_NS, BOOT))
    _, renewed_mono_ns, _ = bench.on_disk() or (0, 0, 0)
    assert not lease.valid(renewed_mono_ns, bench.clock.mono_ns(), 30.0)


def test_a_change_of_leader_is_a_sign_of_life(bench: Bench) -> None:
    """The standby that took over beats with another name and epoch."""
    renewing = bench.lease()
    renewing.renew()
    bench.clock.advance(1)
    bench.ship()
    assert bench.store.claim("control-2", bench.leader) is not None
    assert renewing.renew()


def test_the_counter_goes_on_over_a_restart(bench: Bench) -> None:
    """Workers wait for it to grow: it must never begin again below what they have seen."""
    bench.host.write_lease(lease.encode(41, START_NS - 1, BOOT))
    renewing = bench.lease()
    renewing.renew()
    bench.beat()
    bench.ship()
    renewing.renew()
    assert bench.on_disk() == (42, START_NS, BOOT)
