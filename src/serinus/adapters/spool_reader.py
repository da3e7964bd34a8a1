"""Reading spool segments that a worker may be writing, or was writing when it died."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from serinus.core.errors import FormatError
from serinus.core.records.frames import FRAME_OVERHEAD, HEADER_SIZE, MAX_PAYLOAD, decode_header, scan
from serinus.core.records.record import Record
from serinus.ports.host import Chunk, Segment

SUFFIX = ".spool"
_LENGTH = struct.Struct("<I")


def segment_path(folder: Path, number: int) -> Path:
    """Where segment `number` of the worker with this spool folder lies."""
    return folder / f"{number:08d}{SUFFIX}"


def segments(folder: Path) -> list[Segment]:
    """The segments of a worker's spool folder, by number; none when the folder is not there."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    numbers = sorted(int(name[: -len(SUFFIX)]) for name in names if _is_segment(name))
    found = [_segment(segment_path(folder, number), number) for number in numbers]
    return [segment for segment in found if segment is not None]


def read(path: Path, start: int, limit: int) -> Chunk:
    """Whole frames from byte `start` (0: behind the header) on. FormatError when the header is foreign.

    A frame cut by the limit is read with the next call, or at once when it alone is larger than the limit.
    """
    with path.open("rb", buffering=0) as file:
        descriptor = file.fileno()
        if start < HEADER_SIZE:
            try:
                decode_header(os.pread(descriptor, HEADER_SIZE, 0))
            except FormatError as error:
                raise FormatError(error.what, where=path.name, mend=error.mend) from error
            start = HEADER_SIZE
        buffer = os.pread(descriptor, max(limit, FRAME_OVERHEAD), start)
        needed = _first_frame(buffer)
        if needed > len(buffer):
            buffer = os.pread(descriptor, needed, start)
        size = os.fstat(descriptor).st_size
    return _chunk(buffer, start, size)


def _chunk(buffer: bytes, start: int, size: int) -> Chunk:
    frames: list[tuple[Record | None, int]] = []
    position = 0
    for record, position in scan(memoryview(buffer), 0):
        frames.append((record, start + position))
    cut = _is_cut(buffer, position, start, size)
    return Chunk(end=start + position, frames=frames, tip=not cut)


def _is_cut(buffer: bytes, position: int, start: int, size: int) -> bool:
    """Whether the buffer, and not the written part, ended at this position."""
    if start + len(buffer) >= size:
        return False
    left = len(buffer) - position
    if left < FRAME_OVERHEAD:
        return True
    length = int(_LENGTH.unpack_from(buffer, position)[0])
    return 0 < length <= MAX_PAYLOAD and FRAME_OVERHEAD + length > left


def _first_frame(buffer: bytes) -> int:
    if len(buffer) < FRAME_OVERHEAD:
        return 0
    length = int(_LENGTH.unpack_from(buffer)[0])
    return FRAME_OVERHEAD + length if length <= MAX_PAYLOAD else 0


def _is_segment(name: str) -> bool:
    return name.endswith(SUFFIX) and name[: -len(SUFFIX)].isdecimal()


def _segment(path: Path, number: int) -> Segment | None:
    try:
        with path.open("rb", buffering=0) as file:
            first = os.pread(file.fileno(), _LENGTH.size, HEADER_SIZE)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return None
    return Segment(number=number, used=len(first) == _LENGTH.size and any(first), size=size)
