"""What a conversation token's nonce tells: whether its unit was named by the caller."""

from __future__ import annotations

import base64
from collections.abc import Callable

import xxhash

_NONCE_AT = 15
_NONCE_BYTES = 5


def nonce_for(session: str, anonymous: bool, random_bytes: Callable[[int], bytes]) -> bytes:
    """The nonce of a new token: the same for the same session id; its lowest bit marks an unnamed unit."""
    raw = xxhash.xxh3_64_digest(session.encode())[:_NONCE_BYTES] if session else random_bytes(_NONCE_BYTES)
    return raw[:-1] + bytes(((raw[-1] & 0xFE) | anonymous,))


def began_anonymous(token: str) -> bool:
    """Whether a token, already found genuine, was issued to a caller that named no unit: then the token's unit hash
    stands for the unit. A conversation begun with a named unit needs that name again: assignment hashes it."""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return bool(raw[_NONCE_AT + _NONCE_BYTES - 1] & 1)
