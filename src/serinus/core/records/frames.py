"""Spool segments: a 64-byte header and frames behind it, readable after `kill -9` at any point.

Segment header, little-endian: magic `SRNSPOOL` 8, format u32 = 1, header size u32 = 64, worker instance 16 bytes,
segment number u64, boot tag u64, CRC-32 u32 of all before it, padding. Frame: payload length u32, CRC-32 u32 over
(version, kind, payload), version u8 = 1, kind u8, payload. A length of zero ends the written part. The writer puts
the bytes behind the length down first and the length last, so a torn frame is either absent or fails its CRC.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import msgspec

from serinus.core.errors import FormatError
from serinus.core.records.record import KINDS, Record

VERSION = 1
HEADER_SIZE = 64
FRAME_OVERHEAD = 10
MAX_PAYLOAD = 16 * 1024 * 1024
_MAGIC = b"SRNSPOOL"
_HEAD = struct.Struct("<8sII16sQQ")
_FRAME = struct.Struct("<IIBB")
_pack = struct.Struct("<II").pack
_BEGINNINGS = {kind: bytes((VERSION, kind)) for kind in KINDS}
_encode = msgspec.msgpack.Encoder().encode
_decoders: dict[int, Any] = {kind: msgspec.msgpack.Decoder(type_) for kind, type_ in KINDS.items()}


class SegmentHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote a segment: instance (16 bytes of its UUIDv7), number counting up from 0, the host's boot tag."""

    instance: bytes
    number: int
    boot: int


def encode_header(header: SegmentHeader) -> bytes:
    """The 64 bytes at the start of a segment file."""
    head = _HEAD.pack(_MAGIC, VERSION, HEADER_SIZE, header.instance, header.number, header.boot)
    return (head + struct.pack("<I", crc32(head))).ljust(HEADER_SIZE, b"\0")


def decode_header(raw: bytes | memoryview) -> SegmentHeader:
    """The header of a segment; FormatError when torn or foreign."""
    if len(raw) < HEADER_SIZE:
        raise FormatError("spool segment shorter than its header", mend="the file is not a spool; move it away")
    magic, version, size, instance, number, boot = _HEAD.unpack_from(raw)
    (crc,) = struct.unpack_from("<I", raw, _HEAD.size)
    if magic != _MAGIC or crc != crc32(raw[: _HEAD.size]) or version > VERSION or size != HEADER_SIZE:
        raise FormatError("not a spool segment of this version", mend="upgrade Serinus, or move the file away")
    return SegmentHeader(instance=instance, number=number, boot=boot)


def encode(record: Record) -> bytes:
    """One whole frame."""
    tail = _BEGINNINGS[record.KIND] + _encode(record)
    return _pack(len(tail) - 2, crc32(tail)) + tail


def scan(buffer: bytes | memoryview, start: int) -> Iterator[tuple[Record | None, int]]:
    """(record, offset behind it) for each whole frame from `start` on; None for one this reader does not understand.

    Stops at the first zero length, torn frame or end of the buffer: what follows is not written yet, or never was.
    """
    position, limit = start, len(buffer)
    while position + FRAME_OVERHEAD <= limit:
        length, crc, version, kind = _FRAME.unpack_from(buffer, position)
        end = position + FRAME_OVERHEAD + length
        if length == 0 or length > MAX_PAYLOAD or end > limit:
            return
        if crc32(buffer[position + 8 : end]) != crc:
            return
        yield _decode(version, kind, buffer[position + FRAME_OVERHEAD : end]), end
        position = end


def _decode(version: int, kind: int, payload: bytes | memoryview) -> Record | None:
    """The record, or None when its version or kind is newer than this reader, or its payload is not of that kind."""
    decoder = _decoders.get(kind) if version <= VERSION else None
    if decoder is None:
        return None
    try:
        record: Record = decoder.decode(payload)
    except (ValueError, RecursionError):  # intact by its CRC, so written wrong: one such frame must not stop shipping
        return None
    return record
