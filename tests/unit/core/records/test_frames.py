"""Spool frames: what was written whole is read, whatever happened to the rest; older and newer writers included."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import FormatError
from serinus.core.records.frames import (
    FRAME_OVERHEAD,
    HEADER_SIZE,
    MAX_PAYLOAD,
    VERSION,
    SegmentHeader,
    decode_header,
    encode,
    encode_header,
    scan,
)
from serinus.core.records.record import KINDS, Begin, End
from tests.golden.inputs import RECORDS

HEADER = SegmentHeader(instance=bytes(range(16)), number=3, boot=9)
SEGMENT = b"".join(map(encode, RECORDS))
INTS = st.integers(-(2**63), 2**64 - 1)


def values(kind: type) -> st.SearchStrategy[Any]:
    """Any record of a kind."""
    texts = st.lists(st.text(), max_size=3).map(tuple)
    fields = {"str": st.text(), "bytes": st.binary(max_size=80), "int": INTS, "bool": st.booleans(), "tuple": texts}
    return st.builds(kind, *(fields[field.type.__name__] for field in msgspec.structs.fields(kind)))


def frame(payload: bytes, kind: int, version: int = VERSION) -> bytes:
    """A frame as the documentation describes it."""
    tail = bytes((version, kind)) + payload
    return struct.pack("<II", len(payload), zlib.crc32(tail)) + tail


def read(raw: bytes) -> list[Any]:
    return [record for record, _ in scan(raw, 0)]


@given(st.lists(st.one_of([values(kind) for kind in KINDS.values()]), max_size=5))
def test_records_are_read_back(records: list[Any]) -> None:
    """Every record comes back equal and in order, and the offsets are where the next frame begins."""
    frames = [encode(record) for record in records]
    raw = b"".join(frames)
    assert read(raw) == records
    ends = [end for _, end in scan(raw, 0)]
    assert ends == [sum(map(len, frames[: n + 1])) for n in range(len(frames))]


@given(st.integers(0, len(SEGMENT)))
def test_a_truncated_segment_gives_its_whole_frames(length: int) -> None:
    """Cut anywhere, the whole frames before the cut are read: no error, nothing invented."""
    found = read(SEGMENT[:length])
    assert found == list(RECORDS[: len(found)])
    assert len(b"".join(map(encode, RECORDS[: len(found) + 1]))) > length or len(found) == len(RECORDS)


@given(st.integers(0, len(SEGMENT) - 1), st.integers(1, 255))
def test_a_corrupt_byte_ends_what_is_read_there(position: int, change: int) -> None:
    """A changed byte never raises and never changes a record: what is read is a prefix of what was written."""
    raw = bytearray(SEGMENT)
    raw[position] ^= change
    found = read(bytes(raw))
    assert found == list(RECORDS[: len(found)])
    assert len(found) < len(RECORDS)


@given(st.binary(max_size=400))
def test_any_bytes_are_scanned_without_error(raw: bytes) -> None:
    """A foreign file gives no frames, or those that happen to be whole; never an exception."""
    assert all(end <= len(raw) for _, end in scan(raw, 0))


def test_the_unwritten_part_of_a_segment_ends_the_scan() -> None:
    """Zeros behind the last frame are room, not frames."""
    assert read(SEGMENT + bytes(4096)) == list(RECORDS)


def test_a_length_beyond_the_limit_ends_the_scan() -> None:
    """A wild length is not believed, even where the file is long enough."""
    raw = struct.pack("<IIBB", MAX_PAYLOAD + 1, 0, VERSION, 1) + bytes(MAX_PAYLOAD + FRAME_OVERHEAD)
    assert read(raw) == []


def test_reading_goes_on_from_an_offset() -> None:
    """The offset behind a frame is where the next batch begins."""
    offsets = [end for _, end in scan(SEGMENT, 0)]
    assert [record for record, _ in scan(SEGMENT, offsets[2])] == list(RECORDS[3:])


def test_frames_of_an_unknown_kind_are_passed_over() -> None:
    """A newer writer's new kinds do not stop an older reader (N-1 readers)."""
    raw = encode(RECORDS[0]) + frame(msgspec.msgpack.encode(["new"]), 99) + encode(RECORDS[1])
    assert read(raw) == [RECORDS[0], None, RECORDS[1]]


def test_frames_of_a_newer_version_are_passed_over() -> None:
    """What a newer frame version means is not guessed."""
    raw = frame(encode(RECORDS[0])[FRAME_OVERHEAD:], 1, VERSION + 1) + encode(RECORDS[1])
    assert read(raw) == [None, RECORDS[1]]


@pytest.mark.parametrize("payload", [b"\xc1", b"\x91\xa1\xff", b"\x91\x01", b"\x91" * 5000], ids=repr)
def test_a_payload_that_is_not_of_its_kind_is_passed_over(payload: bytes) -> None:
    """A frame that is intact but written wrong does not stop the frames behind it."""
    assert read(frame(payload, Begin.KIND) + encode(RECORDS[1])) == [None, RECORDS[1]]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_elements_added_by_a_newer_writer_are_passed_over(record: Any) -> None:
    """Extra elements at the end of the array are ignored (N-1 readers)."""
    longer = [*msgspec.structs.astuple(record), "added", 1]
    assert read(frame(msgspec.msgpack.encode(longer), record.KIND)) == [record]


@pytest.mark.parametrize("length", range(12, 24))
def test_shorter_arrays_of_an_older_writer_are_read(length: int) -> None:
    """Fields that came later have defaults: the twelve of the first format are enough for an end."""
    full = End(b"c", 1, 2, "bot", b"v", 3, 4, 200, 0, 0, 5, 6)
    shorter = msgspec.structs.astuple(full)[:length]
    assert read(frame(msgspec.msgpack.encode(shorter), End.KIND)) == [full]


@given(st.binary(min_size=16, max_size=16), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_segment_header_is_read_back(instance: bytes, number: int, boot: int) -> None:
    """Instance, number and boot tag come back from 64 bytes."""
    header = SegmentHeader(instance=instance, number=number, boot=boot)
    raw = encode_header(header)
    assert len(raw) == HEADER_SIZE
    assert decode_header(raw) == header
    assert decode_header(memoryview(raw)) == header


@given(st.integers(0, 51), st.integers(1, 255))
def test_an_altered_segment_header_is_refused(position: int, change: int) -> None:
    """All fields of the header are under its CRC."""
    raw = bytearray(encode_header(HEADER))
    raw[position] ^= change
    with pytest.raises(FormatError):
        decode_header(bytes(raw))


@pytest.mark.parametrize("raw", [b"", b"SRNSPOOL", bytes(HEADER_SIZE), b"x" * HEADER_SIZE])
def test_foreign_files_are_no_segments(raw: bytes) -> None:
    """Short, empty and foreign files are refused with what to do."""
    with pytest.raises(FormatError) as refused:
        decode_header(raw)
    assert refused.value.mend
