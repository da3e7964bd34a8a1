"""Prefixed UUIDv7 ids."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.ids import RELEASE, IdSource, id_bytes, id_text, new_id, uuid7

TIMES = st.integers(0, 2**48 * 1000 - 1)
BYTES = st.binary(min_size=10, max_size=10)


@given(TIMES, BYTES)
def test_an_id_is_a_uuid7(now_us: int, random_bytes: bytes) -> None:
    """The standard library reads version, variant and time."""
    value = uuid.UUID(bytes=uuid7(now_us, random_bytes))
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert value.int >> 80 == now_us // 1000


@given(TIMES, TIMES, BYTES, BYTES)
def test_ids_sort_by_time(one: int, other: int, first: bytes, second: bytes) -> None:
    """An earlier millisecond sorts first, whatever chance added."""
    if one // 1000 < other // 1000:
        assert new_id(RELEASE, one, first) < new_id(RELEASE, other, second)


@given(TIMES, BYTES)
def test_text_and_bytes_of_an_id_are_the_same_id(now_us: int, random_bytes: bytes) -> None:
    """The 16 bytes in records and the text in stores convert into each other."""
    identifier = new_id(RELEASE, now_us, random_bytes)
    assert id_text(RELEASE, id_bytes(identifier)) == identifier


def test_no_release_is_zero_bytes() -> None:
    """Calls outside a release carry zeros, and read back as the empty string."""
    assert id_bytes("") == bytes(16)
    assert id_text(RELEASE, bytes(16)) == ""


@pytest.mark.parametrize("text", ["rel_", "rel_12", "rel_zz", "rel_" + "0" * 34])
def test_other_texts_are_no_ids(text: str) -> None:
    """A malformed id is refused, not cut to size."""
    with pytest.raises(ValueError, match=r"not a prefixed UUIDv7|non-hexadecimal"):
        id_bytes(text)


def test_wrong_amount_of_chance_is_refused() -> None:
    """Ten random bytes, no fewer."""
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(0, b"123")


def test_a_source_takes_time_and_chance_from_outside() -> None:
    """The same clock and the same bytes give the same id."""
    source = IdSource(lambda: 1_000, lambda size: bytes(size))
    assert source.new("app") == new_id("app", 1_000, bytes(10))
