"""Chunked bodies."""

from __future__ import annotations

import pytest

from serinus.core.wire.chunks import ChunkReader
from serinus.core.wire.refusal import Refusal

RAW = b"a;name=value\r\n0123456789\r\n1\r\nx\r\n0\r\nTrailer: y\r\n\r\n"


@pytest.mark.parametrize("step", range(1, len(RAW) + 5))
def test_a_body_is_the_same_whatever_the_split(step: int) -> None:
    """Extensions and trailers are read over; what follows the end is handed back."""
    reader, rest = ChunkReader(100), b""
    raw = RAW + b"next"
    for start in range(0, len(raw), step):
        rest += reader.receive(raw[start : start + step])
    assert (reader.done, reader.body, rest) == (True, b"0123456789x", b"next")


def test_the_limit_counts_all_chunks() -> None:
    """Many small chunks are as much as a large one."""
    reader = ChunkReader(3)
    reader.receive(b"2\r\nab\r\n")
    with pytest.raises(Refusal) as refused:
        reader.receive(b"2\r\ncd\r\n")
    assert refused.value.status == 413
