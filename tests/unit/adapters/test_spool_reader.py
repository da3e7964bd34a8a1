"""Reading segments that are being written, torn, or foreign."""

from __future__ import annotations

from pathlib import Path

import pytest

from serinus.adapters import spool_reader
from serinus.core.errors import FormatError
from serinus.core.records import frames
from serinus.core.records.record import Payload, Record
from tests.fake_workers import FakeWorker, ManualClock, begin, raw_call

CLOCK = ManualClock()


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    return tmp_path / "00000000.spool"


def _write(path: Path, records: list[Record], tail: bytes = bytes(64)) -> None:
    header = frames.encode_header(frames.SegmentHeader(instance=bytes(16), number=0, boot=1))
    path.write_bytes(header + b"".join(map(frames.encode, records)) + tail)


def _begins(count: int) -> list[Record]:
    return [begin(raw_call(number), CLOCK) for number in range(count)]


@pytest.mark.parametrize("limit", [1, 150, 1000, 1 << 20])
def test_any_limit_gives_all_frames_in_the_end(segment: Path, limit: int) -> None:
    """Frames cut by the limit come with the next read, frames larger than it at once; the tip is told at the end."""
    records: list[Record] = [*_begins(5), Payload(bytes(48), b"x" * 5000, b""), *_begins(3)]
    _write(segment, records)
    found: list[Record | None] = []
    position, tip = 0, False
    while not tip:
        chunk = spool_reader.read(segment, position, limit)
        found += [record for record, _ in chunk.frames]
        position, tip = chunk.end, chunk.tip
    assert found == records


@pytest.mark.parametrize("kept", range(1, len(frames.encode(begin(raw_call(9), CLOCK))), 7))
def test_a_torn_tail_is_not_read(segment: Path, kept: int) -> None:
    """Whatever part of the last frame was written, the frames before it are all there is."""
    torn = frames.encode(begin(raw_call(9), CLOCK))[:kept]
    _write(segment, _begins(2), tail=torn + bytes(300))
    chunk = spool_reader.read(segment, 0, 1 << 20)
    assert (len(chunk.frames), chunk.tip) == (2, True)
    _write(segment, _begins(2), tail=torn)
    assert spool_reader.read(segment, 0, 1 << 20).tip, "also at the very end of the file"


def test_a_foreign_header_is_a_format_error_that_names_the_file(segment: Path) -> None:
    """Nothing is guessed."""
    segment.write_bytes(bytes(4096))
    with pytest.raises(FormatError, match=r"00000000\.spool"):
        spool_reader.read(segment, 0, 4096)


def test_what_a_living_writer_adds_is_read_from_where_reading_stopped(tmp_path: Path) -> None:
    """Over the end of one segment into the next; the segment in waiting is not one yet."""
    worker = FakeWorker(tmp_path, 1, ManualClock())
    folder = tmp_path / "spool" / worker.instance
    (only,) = spool_reader.segments(folder)
    assert (only.number, only.used) == (0, False)
    worker.write(*_begins(2))
    path = spool_reader.segment_path(folder, 0)
    chunk = spool_reader.read(path, 0, 1 << 20)
    worker.write(*_begins(3))
    assert len(spool_reader.read(path, chunk.end, 1 << 20).frames) == 3
    worker.fill_segment()
    assert [(segment.number, segment.used) for segment in spool_reader.segments(folder)] == [(0, True), (1, True)]
    worker.die()


def test_a_missing_folder_has_no_segments(tmp_path: Path) -> None:
    """A worker that has not written yet."""
    assert spool_reader.segments(tmp_path / "none") == []
