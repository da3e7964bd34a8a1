"""Decoder of chunked request bodies (RFC 9112, section 7.1), strict about everything that smuggling lives on."""

from __future__ import annotations

import re

from serinus.core.wire.refusal import Refusal

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_LINE_LIMIT = 1024
_TRAILER_LIMIT = 8192


def _malformed(what: str) -> Refusal:
    return Refusal(400, "malformed_request", f"chunked body: {what}", mend="send RFC 9112 chunks", close=True)


class ChunkReader:
    """Takes the bytes behind the head of a chunked message; `body` is complete once `done`.

    Extensions and trailers are read over. Raises Refusal 400 for malformed chunks, 413 above `limit` bytes.
    """

    def __init__(self, limit: int) -> None:
        self.done = False
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._left = 0
        self._line = b""
        self._trailer_bytes = 0
        self._expect = self._size_line

    @property
    def body(self) -> bytes:
        """All data so far."""
        return b"".join(self._parts)

    def receive(self, data: bytes) -> bytes:
        """Consume `data`; returns what lies behind the end of the body (empty until then)."""
        position = 0
        while position < len(data) and not self.done:
            position = (self._take if self._left else self._take_line)(data, position)
        return data[position:]

    def _take(self, data: bytes, position: int) -> int:
        part = data[position : position + self._left]
        self._parts.append(part)
        self._left -= len(part)
        if not self._left:
            self._expect = self._data_end
        return position + len(part)

    def _take_line(self, data: bytes, position: int) -> int:
        end = data.find(b"\n", position)
        line = self._line + data[position : end + 1 if end >= 0 else len(data)]
        if len(line) > _LINE_LIMIT:
            raise _malformed("a line is too long")
        if end < 0:
            self._line = line
            return len(data)
        self._line = b""
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            raise _malformed("a line does not end with CRLF")
        self._expect(line[:-2])
        return end + 1

    def _size_line(self, line: bytes) -> None:
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise _malformed("a chunk size is not hexadecimal")
        self._left = int(match[1], 16)
        self._size += self._left
        if self._size > self._limit:
            raise too_large(self._limit)
        if not self._left:
            self._expect = self._trailer

    def _data_end(self, line: bytes) -> None:
        if line:
            raise _malformed("a chunk is longer than its size")
        self._expect = self._size_line

    def _trailer(self, line: bytes) -> None:
        self._trailer_bytes += len(line)
        if self._trailer_bytes > _TRAILER_LIMIT:
            raise _malformed("the trailer is too long")
        self.done = not line


def too_large(limit: int) -> Refusal:
    """The refusal of a body above `limit` bytes."""
    return Refusal(
        413, "body_too_large", f"the body is above {limit:,} bytes", mend="send less, or raise body_bytes", close=True
    )
