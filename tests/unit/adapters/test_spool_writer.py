"""The spool of one worker."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serinus.adapters.spool_writer import MIN_SEGMENT_BYTES, SpoolWriter
from serinus.core.errors import InvalidInput
from serinus.core.records.frames import HEADER_SIZE, decode_header, encode, scan
from serinus.core.records.record import Dropped, First, Record

INSTANCE = bytes(range(16))
FRAME = encode(First(b"c" * 400, 7))


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[Callable[..., SpoolWriter]]:
    """Makes writers, closed afterwards."""
    made: list[SpoolWriter] = []

    def make(limit_bytes: int = 1 << 30) -> SpoolWriter:
        writer = SpoolWriter(
            tmp_path,
            instance=INSTANCE,
            boot=5,
            now_us=lambda: 3,
            segment_bytes=MIN_SEGMENT_BYTES,
            limit_bytes=limit_bytes,
        )
        made.append(writer)
        return writer

    yield make
    for writer in made:
        writer.close()


def segments(root: Path) -> list[Path]:
    """The segments a reader sees."""
    return sorted(root.glob("*.spool"))


def records(root: Path) -> list[Record]:
    """All records."""
    return [record for path in segments(root) for record, _ in scan(path.read_bytes(), HEADER_SIZE) if record]


def until(condition: Callable[[], bool]) -> None:
    """Poll up to a deadline."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def refilled(writer: SpoolWriter) -> bool:
    """Whether the next segment is ready."""
    writer.refill()
    return writer._next is not None


def test_frames_are_readable_at_once_without_any_flush(tmp_path: Path, open_spool: Callable[..., SpoolWriter]) -> None:
    """A reader sees each frame when `append` returns; the header says whose it is."""
    writer = open_spool()
    for number in range(3):
        assert writer.append(encode(First(b"c", number)))
        assert [record.mono_ns for record in records(tmp_path) if isinstance(record, First)] == list(range(number + 1))
    header = decode_header(segments(tmp_path)[0].read_bytes())
    assert (header.instance, header.number, header.boot) == (INSTANCE, 0, 5)


def test_a_higher_number_means_that_the_lower_is_final(tmp_path: Path, open_spool: Callable[..., SpoolWriter]) -> None:
    """The next segment waits under another name until the writer turns to it; no frame spans two."""
    writer = open_spool()
    until(lambda: refilled(writer))
    assert [path.name for path in segments(tmp_path)] == ["00000000.spool"]
    assert (tmp_path / "00000001.next").exists()
    count = 3 * MIN_SEGMENT_BYTES // len(FRAME)
    for _ in range(count):
        assert writer.append(FRAME)
        until(lambda: refilled(writer))
    assert len(segments(tmp_path)) == 4
    assert len(records(tmp_path)) == count


def test_a_full_spool_drops_counts_and_tells(tmp_path: Path, open_spool: Callable[..., SpoolWriter]) -> None:
    """Room ends before the last quarter is used; later frames are dropped, and told once when there is room again."""
    writer = open_spool(limit_bytes=2 * MIN_SEGMENT_BYTES)
    kept = 0
    seen_without_room = False
    while writer.append(FRAME):
        kept += 1
        seen_without_room = seen_without_room or not writer.has_room
        if kept * len(FRAME) < MIN_SEGMENT_BYTES:
            until(lambda: refilled(writer))
        else:
            writer.refill()
    assert seen_without_room
    assert not writer.has_room
    assert not writer.append(FRAME)
    assert writer.dropped == 2
    segments(tmp_path)[0].unlink()
    until(lambda: refilled(writer))
    assert writer.has_room
    assert writer.append(FRAME)
    found = records(tmp_path)
    assert [record.total for record in found if isinstance(record, Dropped)] == [2]


def test_a_full_disk_is_no_crash(
    tmp_path: Path, open_spool: Callable[..., SpoolWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No space for a segment: frames are dropped, nothing raises, and work goes on when there is space."""
    writer = open_spool()
    until(lambda: refilled(writer))
    real = os.posix_fallocate

    def full(fd: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "posix_fallocate", full)
    while writer.append(FRAME):
        pass
    writer.refill()
    assert writer.dropped == 1
    assert not list(tmp_path.glob("*.next"))
    monkeypatch.setattr(os, "posix_fallocate", real)
    until(lambda: refilled(writer))
    assert writer.append(FRAME)


def test_a_frame_larger_than_a_segment_is_dropped(open_spool: Callable[..., SpoolWriter]) -> None:
    """It must not empty segment after segment."""
    writer = open_spool()
    assert not writer.append(encode(First(b"c" * MIN_SEGMENT_BYTES, 1)))
    assert writer.append(FRAME)


def test_a_closed_spool_leaves_its_records_and_no_spare(tmp_path: Path, open_spool: Callable[..., SpoolWriter]) -> None:
    """What was taken stays, and nothing is taken any more."""
    writer = open_spool()
    writer.append(FRAME)
    until(lambda: refilled(writer))
    writer.close()
    assert len(records(tmp_path)) == 1
    assert not list(tmp_path.glob("*.next"))
    assert not writer.append(FRAME)


def test_tiny_segments_are_refused(tmp_path: Path) -> None:
    """A segment must hold its records."""
    with pytest.raises(InvalidInput):
        SpoolWriter(tmp_path, instance=INSTANCE, boot=1, now_us=lambda: 0, segment_bytes=100)
