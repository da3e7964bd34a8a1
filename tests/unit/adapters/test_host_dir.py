"""The host directory: who lives, and what is left of the dead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from serinus.adapters.host_dir import HostDir, boot_tag
from tests.fake_workers import FakeWorker, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def host(tmp_path: Path, clock: ManualClock) -> HostDir:
    return HostDir(tmp_path, clock.now_us)


def test_a_worker_lives_as_long_as_it_holds_its_lock(tmp_path: Path, host: HostDir, clock: ManualClock) -> None:
    """Its status is told when it has written one; a broken one counts as none."""
    worker = FakeWorker(tmp_path, 1, clock)
    (found,) = host.workers()
    assert (found.alive, found.status) == (True, None)
    worker.report(acked=4)
    (found,) = host.workers()
    assert found.status is not None
    assert found.status.acked == 4
    (tmp_path / "workers" / f"{worker.instance}.json").write_text("{torn")
    worker.die()
    (found,) = host.workers()
    assert (found.alive, found.status) == (False, None)


def test_all_that_a_dead_worker_left_goes(tmp_path: Path, host: HostDir, clock: ManualClock) -> None:
    """Spool, segment in waiting, status and lock."""
    worker = FakeWorker(tmp_path, 1, clock)
    worker.report(acked=1)
    worker.die()
    (tmp_path / "spool" / worker.instance / "00000001.next").write_bytes(b"")
    host.remove_worker(worker.instance)
    host.remove_worker(worker.instance)
    assert host.workers() == []
    assert not list(tmp_path.rglob(f"*{worker.instance}*"))


def test_a_lock_without_anything_is_a_worker_about_to_start(tmp_path: Path, host: HostDir, clock: ManualClock) -> None:
    """It is passed over, and cleared away when nothing came of it within a minute."""
    lock = tmp_path / "workers" / f"{'a' * 32}.lock"
    lock.touch()
    os.utime(lock, (clock.now_us() / 1e6, clock.now_us() / 1e6))
    assert host.workers() == []
    assert lock.exists()
    clock.advance(61)
    assert host.workers() == []
    assert not lock.exists()


def test_one_agent_at_a_time(host: HostDir) -> None:
    """The claim ends with the process, or with its descriptor."""
    held = host.claim()
    assert held is not None
    assert host.claim() is None
    os.close(held)
    again = host.claim()
    assert again is not None
    os.close(again)


def test_the_lease_is_overwritten_in_place(tmp_path: Path, host: HostDir) -> None:
    """Workers keep the file open: its identity never changes."""
    assert host.lease() == b""
    host.write_lease(b"1" * 32)
    identity = (tmp_path / "lease").stat().st_ino
    host.write_lease(b"2" * 32)
    assert (tmp_path / "lease").stat().st_ino == identity
    assert host.lease() == b"2" * 32


def test_the_boot_tag_is_the_first_eight_bytes_of_the_boot_id(tmp_path: Path) -> None:
    """As a number, and stable within a boot."""
    path = tmp_path / "boot_id"
    path.write_text("01234567-89ab-cdef-0000-000000000000\n")
    assert boot_tag(path) == 0x0123456789ABCDEF
    assert boot_tag() == boot_tag()
