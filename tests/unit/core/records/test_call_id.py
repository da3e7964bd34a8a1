"""Call ids: all they say is read back, and nobody else can make one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.ids import RELEASE, id_text
from serinus.core.records.call_id import PREFIX, SIZE, CallId, app_of, make, parse, raw_of, text
from serinus.core.routing.assignment import Arm

KEY = bytes(range(32))
APPS = ("other", "bot", "Zoë")
RAW = make(KEY, b"bot", 1_795_262_400_123, bytes(5), bytes(range(16)), Arm.CONTROL, 3, b"12345678")


@given(
    st.integers(0, 2**48 - 1),
    st.binary(min_size=5, max_size=5),
    st.binary(min_size=16, max_size=16),
    st.sampled_from(Arm),
    st.integers(-1, 254),
    st.binary(min_size=8, max_size=8),
)
def test_a_call_id_says_what_was_put_in(
    at_ms: int, nonce: bytes, release: bytes, arm: Arm, stratum: int, unit: bytes
) -> None:
    """Time, release, arm, stratum and unit come back without a look-up."""
    raw = make(KEY, b"bot", at_ms, nonce, release, arm, stratum, unit)
    assert len(raw) == SIZE
    expected = CallId(at_ms=at_ms, release=id_text(RELEASE, release), arm=arm, stratum=stratum, unit=unit)
    assert raw_of(text(raw)) == raw
    assert parse(raw) == expected
    assert app_of(KEY, APPS, raw) == "bot"


@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_an_altered_call_id_is_refused(position: int, change: int) -> None:
    """Feedback cannot be moved to another arm, unit or release."""
    raw = bytearray(RAW)
    raw[position] ^= change
    with pytest.raises(InvalidInput):
        app_of(KEY, APPS, bytes(raw))


def test_a_call_id_of_another_project_is_refused() -> None:
    """The key is the project's."""
    with pytest.raises(InvalidInput, match="not a call id of this project"):
        app_of(bytes(32), APPS, RAW)


def test_O2_a_call_id_proves_its_app() -> None:
    """A key for one app cannot speak about the calls of another."""
    assert app_of(KEY, ["Zoë"], make(KEY, "Zoë".encode(), 1, bytes(5), bytes(16), 0, -1, bytes(8))) == "Zoë"
    with pytest.raises(InvalidInput, match="not a call id of this project"):
        app_of(KEY, ["other", "Zoë", ""], RAW)


@given(st.text(max_size=80).map(lambda tail: PREFIX + tail) | st.text(max_size=80))
def test_any_other_text_is_refused(printed: str) -> None:
    """Whatever a caller sends as a call id is an error of the caller, never a crash."""
    with pytest.raises(InvalidInput):
        app_of(KEY, APPS, raw_of(printed))


def test_the_printed_form_is_safe_in_urls_and_headers() -> None:
    """`call_` and 64 characters of the URL-safe alphabet."""
    printed = text(RAW)
    assert len(printed) == 69
    assert printed.replace("_", "").replace("-", "").isalnum()
