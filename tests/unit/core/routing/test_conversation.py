"""Conversation tokens: ours are read back, all others refused."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.routing.conversation import LENGTHS, TOKEN_CHARS, Beginning, issue, pseudonym, read

KEY = bytes(range(32))
UNIT = pseudonym(KEY, "ada")
NONCE = bytes(5)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=8, max_size=8), st.binary(min_size=5, max_size=5))
def test_a_token_is_read_back(started: int, unit: bytes, nonce: bytes) -> None:
    """Revision and unit come back; the token has its fixed length."""
    token = issue(KEY, "bot", unit, started, nonce)
    assert len(token) == TOKEN_CHARS
    assert read(KEY, "bot", token) == Beginning(started, unit)


@given(
    st.integers(0, 2**48 - 1),
    st.binary(min_size=8, max_size=8),
    st.binary(min_size=5, max_size=5),
    st.integers(0, 255),
)
def test_a_token_of_format_2_also_tells_its_place(started: int, unit: bytes, nonce: bytes, place: int) -> None:
    """The place comes back, and the nonce stands where it stood in format 1."""
    token = issue(KEY, "bot", unit, started, nonce, place)
    assert len(token) in LENGTHS - {TOKEN_CHARS}
    assert read(KEY, "bot", token) == Beginning(started, unit, place)
    old = issue(KEY, "bot", unit, started, nonce)
    assert urlsafe_b64decode(token + "=")[1:20] == urlsafe_b64decode(old + "==")[1:20]


def test_a_token_cannot_be_taken_for_one_of_the_other_format() -> None:
    """The format byte is under the MAC, too: cutting the place off, or renaming the format, is an altered token."""
    raw = urlsafe_b64decode(issue(KEY, "bot", UNIT, 7, NONCE, 3) + "=")
    for forged in (b"\x01" + raw[1:20] + raw[21:], b"\x01" + raw[1:], raw[:20] + b"\x00" + raw[21:], raw[:20]):
        with pytest.raises(InvalidInput):
            read(KEY, "bot", urlsafe_b64encode(forged).rstrip(b"=").decode())


@given(st.integers(0, TOKEN_CHARS - 1), st.sampled_from("AZaz09-_"))
def test_an_altered_token_is_refused(position: int, letter: str) -> None:
    """No caller can move the beginning of its conversation."""
    token = issue(KEY, "bot", UNIT, 7, NONCE)
    altered = token[:position] + letter + token[position + 1 :]
    # The last character carries two bits that base64 does not use.
    if altered[:-1] == token[:-1]:
        return
    with pytest.raises(InvalidInput):
        read(KEY, "bot", altered)


@pytest.mark.parametrize(("key", "app"), [(bytes(32), "bot"), (KEY, "other")])
def test_a_token_of_another_project_or_app_is_refused(key: bytes, app: str) -> None:
    """A token counts only where it was issued."""
    with pytest.raises(InvalidInput):
        read(key, app, issue(KEY, "bot", UNIT, 7, NONCE))


@given(st.text(max_size=60))
def test_any_other_text_is_refused(token: str) -> None:
    """Foreign headers are an error of the caller, never a crash."""
    with pytest.raises(InvalidInput):
        read(KEY, "bot", token)


def test_pseudonyms_need_the_key() -> None:
    """The same unit has another pseudonym under another key, and another unit another one under the same."""
    assert len({pseudonym(KEY, "ada"), pseudonym(bytes(32), "ada"), pseudonym(KEY, "eve")}) == 3


@pytest.mark.parametrize(("unit", "nonce"), [(b"", NONCE), (UNIT, b"")])
def test_wrong_sizes_are_a_programming_error(unit: bytes, nonce: bytes) -> None:
    """The layout is fixed."""
    with pytest.raises(ValueError, match="bytes"):
        issue(KEY, "bot", unit, 1, nonce)
