"""Bytes as text that is safe to keep."""

from __future__ import annotations

import pytest

from serinus.files.faults import InvalidFile
from serinus.files.text import read_text


def test_line_ends_and_a_byte_order_mark_are_those_of_the_editor() -> None:
    """CRLF, CR and a leading mark say nothing about the content and are dropped."""
    assert read_text("f", b"\xef\xbb\xbfa\r\nb\rc\n") == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        (b"ok\n\xff\xfe", "f:2", "byte 0xff is not UTF-8"),
        (b"a\nb\x00c", "f:2", "control character U+0000"),
        (b"a\n\n\x1b[31mred", "f:3", "control character U+001B"),
        ("a\u0085b".encode(), "f:1", "control character U+0085"),
        (b"x" * 101, "f:1", "101 bytes are more than the limit of 100"),
    ],
)
def test_what_is_not_clean_text_is_refused_with_its_line(raw: bytes, where: str, what: str) -> None:
    """The first thing wrong is named with its line."""
    with pytest.raises(InvalidFile) as caught:
        read_text("f", raw, limit_bytes=100)
    assert (caught.value.where, caught.value.what) == (where, what)
