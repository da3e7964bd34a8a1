"""HMAC-SHA256 is the standard's, whole or with its beginning taken in once."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from serinus.core.mac import Mac, mac


@given(st.binary(max_size=150), st.binary(max_size=150), st.lists(st.binary(max_size=150), max_size=3))
def test_it_is_hmac_of_the_standard_library(key: bytes, beginning: bytes, rests: list[bytes]) -> None:
    """For any key and message; one Mac serves many messages."""
    begun = Mac(key, beginning)
    for rest in rests:
        expected = hmac.digest(key, beginning + rest, "sha256")
        assert begun.of(rest) == expected
        assert mac(key, beginning + rest) == expected
