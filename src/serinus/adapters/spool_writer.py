"""The spool of one worker: memory-mapped segments, allocated before they are mapped, so that a full disk cannot kill.

Segments are `<number:08d>.spool` in the worker's spool directory (layout: `core.records.frames`). The next one waits
as `<number:08d>.next` and is renamed when the writer turns to it: a higher `.spool` number means that all lower ones
are final. A reader deletes segments; a `.next` file is the writer's own.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from serinus.core.errors import InvalidInput
from serinus.core.records.frames import HEADER_SIZE, SegmentHeader, encode, encode_header
from serinus.core.records.record import Dropped

MIN_SEGMENT_BYTES = 64 * 1024
_LENGTH_BYTES = 4
_RESERVE_SHARE = 4  # with no next segment, the last quarter is left to calls already begun


class SpoolWriter:
    """A Spool in a directory. `limit_bytes` bounds all segments there, shipped ones excepted; `instance` 16 bytes.

    Call `refill` now and then (it is cheap) and `close` at the end. Raises OSError when not even the first segment
    can be made.
    """

    def __init__(
        self,
        directory: Path,
        *,
        instance: bytes,
        boot: int,
        now_us: Callable[[], int],
        segment_bytes: int = 4 * 1024 * 1024,
        limit_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        if segment_bytes < MIN_SEGMENT_BYTES:
            raise InvalidInput(f"spool segments of {segment_bytes} bytes", where="segment_bytes", mend="use 64 KiB up")
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.dropped = 0
        self._directory = directory
        self._instance = instance
        self._boot = boot
        self._now_us = now_us
        self._segment_bytes = segment_bytes
        self._limit_bytes = limit_bytes
        self._reserve = segment_bytes // _RESERVE_SHARE
        self._told = 0
        self._closed = False
        self._number = -1
        self._map = mmap.mmap(-1, 1)
        self._position = self._end = 0
        self._next: mmap.mmap | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._pending: Future[mmap.mmap | None] | None = None
        self._next = self._allocate(0)
        self._turn()

    @property
    def has_room(self) -> bool:
        """Whether calls may begin that must not go unrecorded."""
        return self._next is not None or self._end - self._position > self._reserve

    def append(self, frame: bytes) -> bool:
        """Keep a frame, or count it as dropped."""
        start = self._position
        end = start + len(frame)
        if end <= self._end and self._told == self.dropped:  # nearly always: said here to save the calls
            segment, body = self._map, start + _LENGTH_BYTES
            segment[body:end] = frame[_LENGTH_BYTES:]
            segment[start:body] = frame[:_LENGTH_BYTES]  # last, so that a torn frame is an absent one
            self._position = end
            return True
        return self._append(frame)

    def _append(self, frame: bytes) -> bool:
        if self._told != self.dropped and self.has_room:
            self._tell_drops()
        if self._write(frame):
            return True
        self.dropped += 1
        return False

    def refill(self) -> None:
        """Take over the next segment when it is ready, else see to it that one is being made."""
        if self._next is not None or self._closed:
            return
        if self._pending is not None:
            if not self._pending.done():
                return
            self._next, self._pending = self._pending.result(), None
            if self._next is not None:
                return
        self._pending = self._thread.submit(self._allocate, self._number + 1)

    def close(self) -> None:
        """End the thread; what is written stays, and nothing is taken any more."""
        self._closed = True
        self._thread.shutdown(wait=True)
        if self._pending is not None and self._pending.done():
            self._next = self._pending.result()
        if self._next is not None:
            self._path(self._number + 1, "next").unlink(missing_ok=True)
            self._next = None
        self._end = 0

    def _write(self, frame: bytes) -> bool:
        start = self._position
        end = start + len(frame)
        if end > self._end:
            if self._next is None:
                self.refill()
            if self._next is None or len(frame) > self._segment_bytes - HEADER_SIZE:
                return False
            try:
                self._turn()
            except OSError:
                return False
            return self._write(frame)
        segment = self._map
        body = start + _LENGTH_BYTES
        segment[body:end] = frame[_LENGTH_BYTES:]
        segment[start:body] = frame[:_LENGTH_BYTES]  # last, so that a torn frame is an absent one
        self._position = end
        return True

    def _tell_drops(self) -> None:
        total = self.dropped
        if self._write(encode(Dropped(at_us=self._now_us(), total=total))):
            self._told = total

    def _turn(self) -> None:
        """Go on in the next segment, and have the one after it made."""
        assert self._next is not None
        number = self._number + 1
        os.rename(self._path(number, "next"), self._path(number, "spool"))
        self._number = number
        self._map, self._next = self._next, None
        self._position, self._end = HEADER_SIZE, self._segment_bytes
        self._pending = self._thread.submit(self._allocate, self._number + 1)

    def _path(self, number: int, suffix: str) -> Path:
        return self._directory / f"{number:08d}.{suffix}"

    def _allocate(self, number: int) -> mmap.mmap | None:
        """A mapped, empty segment with its header; None when the limit or the disk is full. Runs in the thread."""
        path = self._path(number, "next")
        try:
            if self._used_bytes() + self._segment_bytes > self._limit_bytes:
                return None
            return self._map_file(path, number)
        except OSError:
            path.unlink(missing_ok=True)
            return None

    def _used_bytes(self) -> int:
        total = 0
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name.endswith(".spool"):
                    try:
                        total += entry.stat().st_size
                    except FileNotFoundError:
                        continue  # the reader deleted it meanwhile
        return total

    def _map_file(self, path: Path, number: int) -> mmap.mmap:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, self._segment_bytes)
            header = SegmentHeader(instance=self._instance, number=number, boot=self._boot)
            os.pwrite(fd, encode_header(header), 0)
            return mmap.mmap(fd, self._segment_bytes)
        finally:
            os.close(fd)
