"""What a signature of a version covers (B1), and how keys are named. Ed25519 itself is an adapter's."""

from __future__ import annotations

import base64
import binascii
import hashlib

from serinus.core.errors import InvalidInput

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
_PURPOSE = b"serinus version 1\n"


def signed_message(digest: str) -> bytes:
    """The bytes that are signed: a line that names their purpose, so that a signature fits nothing else, and the
    version's digest as 64 hex digits."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError(f"not a digest: {digest[:80]!r}")
    return _PURPOSE + digest.encode("ascii")


def key_id(public_key: bytes) -> str:
    """The name of a key: `ed25519:` and the first 16 hex digits of the SHA-256 of its 32 raw bytes."""
    return f"ed25519:{hashlib.sha256(public_key).hexdigest()[:16]}"


def decoded(field: str, text: str, size: int) -> bytes:
    """The bytes of a base64 text; InvalidInput, naming the field, unless they are `size`."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != size:
        raise InvalidInput(f"not base64 of {size} bytes", where=field, mend="sign with `serinus push --sign KEYFILE`")
    return raw
