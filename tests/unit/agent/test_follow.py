"""Snapshots on their way from the store to the host."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from serinus.adapters.host_dir import HostDir
from serinus.adapters.memory_control import MemoryControlStore
from serinus.agent.follow import Follower
from serinus.core.errors import FormatError
from serinus.core.routing.snapshot import Snapshot, decode, encode
from tests.fake_workers import ManualClock


class Bench:
    """A store to publish to and a host to follow it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = ManualClock()
        self.store = MemoryControlStore(bytes)
        self.host = HostDir(root, self.clock.now_us)

    def publish(self, revision: int, raw: bytes | None = None) -> None:
        with self.store.tx() as tx:
            tx.put_snapshot(revision, raw or _snapshot(revision))

    def on_disk(self) -> int:
        raw = self.host.snapshot()
        return decode(raw).revision if raw else 0


def _snapshot(revision: int) -> bytes:
    return encode(Snapshot(revision=revision, issued_at_us=1, mac_key="00" * 32, pseudonym_key="11" * 32))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_newer_snapshot_replaces_the_file_for_its_owner_only(bench: Bench) -> None:
    """The file holds keys: mode 0600, and nothing is left of the temporary one."""
    follower = Follower(bench.host, bench.store, bench.clock)
    assert not follower.follow(0)
    for revision in (1, 2):
        bench.publish(revision)
        assert follower.follow(0)
        assert bench.on_disk() == follower.revision == revision
    assert stat.S_IMODE((bench.root / "snapshot").stat().st_mode) == 0o600
    assert sorted(path.name for path in bench.root.iterdir() if path.is_file()) == ["snapshot"]


def test_a_host_never_goes_back_to_an_older_revision(bench: Bench) -> None:
    """A store that knows less than the host, also after a restart, changes nothing."""
    bench.host.write_snapshot(_snapshot(5))
    bench.publish(1)
    follower = Follower(bench.host, bench.store, bench.clock)
    assert follower.revision == 5
    assert not follower.follow(0)
    assert bench.on_disk() == 5


@pytest.mark.parametrize("raw", [_snapshot(2)[:-1], _snapshot(7), b"garbage"])
def test_a_snapshot_that_is_torn_or_misnumbered_is_refused(bench: Bench, raw: bytes) -> None:
    """The host keeps what it has, and takes the next sound one."""
    follower = Follower(bench.host, bench.store, bench.clock)
    bench.publish(1)
    follower.follow(0)
    bench.publish(2, raw)
    with pytest.raises(FormatError):
        follower.follow(0)
    assert bench.on_disk() == 1
    bench.publish(3)
    assert follower.follow(0)


def test_a_broken_file_on_disk_is_replaced(bench: Bench) -> None:
    """Workers cannot read it either, so any revision is better."""
    bench.host.write_snapshot(b"torn")
    bench.publish(1)
    assert Follower(bench.host, bench.store, bench.clock).follow(0)
    assert bench.on_disk() == 1


def test_J4_what_cannot_be_followed_stops_the_time_of_following(bench: Bench) -> None:
    """A host that cannot take a newer snapshot could not be told of a rollback: its lease must not go on."""
    follower = Follower(bench.host, bench.store, bench.clock)
    assert follower.followed_mono_ns == 0
    bench.publish(1)
    follower.follow(0)
    followed = follower.followed_mono_ns
    assert followed == bench.clock.mono_ns()
    bench.publish(2, b"for newer readers only")
    bench.clock.advance(5)
    with pytest.raises(FormatError):
        follower.follow(0)
    assert follower.followed_mono_ns == followed
    bench.publish(3)
    follower.follow(0)
    assert follower.followed_mono_ns == bench.clock.mono_ns()
