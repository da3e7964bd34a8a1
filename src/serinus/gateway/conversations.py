"""What a conversation token's nonce tells: whether its unit was named by the caller; and how a host notes where the
conversations of callers without a token began."""

from __future__ import annotations

import base64
from collections.abc import Callable

import xxhash

_MARK_AT = 19
RANDOM_BYTES = 4
_START_BITS = 48
_START = (1 << _START_BITS) - 1
_LARGEST_PLACE = 255
NAMED, _ANONYMOUS = b"\0", b"\1"


def nonce_for(session: str, anonymous: bool, random_bytes: Callable[[int], bytes]) -> bytes:
    """The nonce of a new token: the same for the same session id; its last byte marks an unnamed unit."""
    raw = xxhash.xxh3_64_digest(session.encode())[:RANDOM_BYTES] if session else random_bytes(RANDOM_BYTES)
    return raw + (_ANONYMOUS if anonymous else NAMED)


def began_anonymous(token: str) -> bool:
    """Whether a token, already found genuine, was issued to a caller that named no unit: then the token's unit hash
    stands for the unit. A conversation begun with a named unit needs that name again: assignment hashes it."""
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[_MARK_AT] == _ANONYMOUS[0]


def noted(started: int, place: int | None) -> int:
    """What a host notes of a conversation, in 64 bits: its start, and above it its place, 0 for none."""
    return started if place is None else started | (place + 1) << _START_BITS


def recalled(note: int) -> tuple[int, int | None]:
    """Start and place from such a note."""
    place = (note >> _START_BITS) - 1
    return note & _START, place if 0 <= place <= _LARGEST_PLACE else None
