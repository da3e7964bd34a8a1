"""The lease: whole or nothing, and valid for its time only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.routing.lease import SIZE, decode, encode, valid

WORDS = st.integers(0, 2**64 - 1)


@given(WORDS, WORDS, WORDS)
def test_a_lease_is_read_back(counter: int, renewed: int, boot: int) -> None:
    """All three numbers come back from 32 bytes."""
    raw = encode(counter, renewed, boot)
    assert len(raw) == SIZE == 32
    assert decode(raw) == (counter, renewed, boot)


@given(st.integers(0, SIZE * 8 - 1))
def test_a_flipped_bit_is_no_lease(bit: int) -> None:
    """A torn or altered lease gives no candidate traffic."""
    raw = bytearray(encode(3, 5, 7))
    raw[bit // 8] ^= 1 << bit % 8
    assert decode(bytes(raw)) is None


@given(st.binary(max_size=64))
def test_any_other_bytes_are_no_lease(raw: bytes) -> None:
    """An empty, short or foreign file is no lease."""
    assert decode(raw) is None


@pytest.mark.parametrize(
    ("renewed_s", "now_s", "holds"),
    [(10, 10, True), (10, 39.9, True), (10, 40, False), (10, 9, False), (0, 10**9, False)],
)
def test_J4_a_lease_holds_for_its_time_from_its_renewal(renewed_s: float, now_s: float, holds: bool) -> None:
    """It ends at its last moment; one from the future (another boot) does not hold."""
    assert valid(int(renewed_s * 1e9), int(now_s * 1e9), 30.0) is holds
