"""The host directory: files between the workers of a gateway host and its agent."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from serinus.adapters import spool_reader
from serinus.adapters.durable import replace_bytes, sync_directory
from serinus.core.fleet import WorkerStatus
from serinus.ports.host import Chunk, Presence, Segment

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_OWNER_ONLY = 0o600
_STRAY_LOCK_US = 60_000_000


def boot_tag(path: Path = BOOT_ID) -> int:
    """The running boot as a number: the first 8 bytes of the kernel's boot id. Monotonic times of another boot mean
    nothing in this one."""
    return int(path.read_text().replace("-", "")[:16], 16)


class HostDir:
    """The directory at `root`, made when it is not there. `now_us` is the wall clock that stamps files."""

    def __init__(self, root: Path, now_us: Callable[[], int]) -> None:
        self._root = root
        self._now_us = now_us
        self._workers = root / "workers"
        self._spool = root / "spool"
        for folder in (self._workers, self._spool):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def claim(self) -> int | None:
        """Become the only agent of this directory until the process ends; the descriptor that holds the claim, None
        while another process has it. Two agents would not count anything twice, but would log calls twice."""
        descriptor = os.open(self._root / "agent.lock", os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def workers(self) -> list[Presence]:
        """Every worker with a spool or a status. A lock without either is a worker about to start, which has written
        nothing yet, and passed over."""
        locks = {path.stem for path in self._workers.glob("*.lock")}
        spools = set(os.listdir(self._spool))
        return [found for name in sorted(locks | spools) if (found := self._presence(name, name in spools))]

    def segments(self, instance: str) -> list[Segment]:
        """A worker's segments in order of number."""
        return spool_reader.segments(self._spool / instance)

    def read(self, instance: str, number: int, start: int, limit: int) -> Chunk:
        """Whole frames of a segment."""
        return spool_reader.read(spool_reader.segment_path(self._spool / instance, number), start, limit)

    def remove_segment(self, instance: str, number: int) -> None:
        """Delete a segment."""
        spool_reader.segment_path(self._spool / instance, number).unlink(missing_ok=True)

    def remove_worker(self, instance: str) -> None:
        """Delete all that a dead worker left, its lock last: without it the spool would look like a dead worker's."""
        for segment in self.segments(instance):
            self.remove_segment(instance, segment.number)
        folder = self._spool / instance
        if folder.is_dir():
            for stray in folder.iterdir():
                stray.unlink()
            folder.rmdir()
            sync_directory(self._spool)
        for suffix in (".json", ".lock"):
            (self._workers / f"{instance}{suffix}").unlink(missing_ok=True)

    def write_snapshot(self, raw: bytes) -> None:
        """Replace the snapshot."""
        replace_bytes(self._root / "snapshot", raw, _OWNER_ONLY)

    def snapshot(self) -> bytes | None:
        """The snapshot on disk."""
        with contextlib.suppress(FileNotFoundError):
            return (self._root / "snapshot").read_bytes()
        return None

    def write_lease(self, raw: bytes) -> None:
        """Overwrite the lease in one write, so that readers see the old or the new one, or fail its CRC."""
        descriptor = os.open(self._root / "lease", os.O_WRONLY | os.O_CREAT, _OWNER_ONLY)
        try:
            os.pwrite(descriptor, raw, 0)
        finally:
            os.close(descriptor)

    def lease(self) -> bytes:
        """The lease on disk."""
        with contextlib.suppress(FileNotFoundError):
            return (self._root / "lease").read_bytes()
        return b""

    def _presence(self, instance: str, has_spool: bool) -> Presence | None:
        lock = self._workers / f"{instance}.lock"
        status = self._status(instance)
        if not has_spool and status is None:
            self._remove_stray(lock)  # without a look at the lock: it could be in the way of the worker taking it
            return None
        return Presence(instance=instance, alive=_is_held(lock), status=status)

    def _remove_stray(self, lock: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._now_us() - lock.stat().st_mtime_ns // 1000 > _STRAY_LOCK_US and not _is_held(lock):
                lock.unlink()

    def _status(self, instance: str) -> WorkerStatus | None:
        try:
            return msgspec.json.decode((self._workers / f"{instance}.json").read_bytes(), type=WorkerStatus)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None  # not written yet, or by a Serinus we cannot read: not acknowledged, which is the safe side


def _is_held(lock: Path) -> bool:
    """Whether a living process holds the lock. Shared, so that agents asking at once do not see each other."""
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
