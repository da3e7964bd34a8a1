"""What a signature covers, and how keys are named."""

from __future__ import annotations

import base64
import hashlib

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.versions.signing import decoded, key_id, signed_message

DIGEST = hashlib.sha256(b"content").hexdigest()


def test_B1_the_purpose_is_signed_with_the_digest() -> None:
    """A signature of a version is a signature of nothing else."""
    assert signed_message(DIGEST) == b"serinus version 1\n" + DIGEST.encode()


@pytest.mark.parametrize("digest", ["", DIGEST[:-1], DIGEST.upper(), DIGEST + "0", "g" * 64])
def test_what_is_no_digest_is_never_signed(digest: str) -> None:
    """Only 64 lower-case hex digits are a digest."""
    with pytest.raises(ValueError, match="not a digest"):
        signed_message(digest)


def test_keys_are_named_by_their_bytes() -> None:
    """The name is the beginning of a SHA-256, as anybody can compute it."""
    key = bytes(range(32))
    assert key_id(key) == "ed25519:" + hashlib.sha256(key).hexdigest()[:16]


@pytest.mark.parametrize("text", ["", "====", "ü", base64.b64encode(bytes(31)).decode(), "A" * 9999])
def test_base64_of_another_size_is_refused(text: str) -> None:
    """Neither garbage nor a shorter key passes; the field is named."""
    with pytest.raises(InvalidInput, match="public_key: not base64 of 32 bytes"):
        decoded("public_key", text, 32)
    assert decoded("public_key", base64.b64encode(bytes(32)).decode(), 32) == bytes(32)
