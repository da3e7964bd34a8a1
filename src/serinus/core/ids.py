"""Prefixed UUIDv7 identifiers from an injected source of time and chance (RFC 9562, section 5.7)."""

from __future__ import annotations

from collections.abc import Callable

RELEASE = "rel"
APP = "app"
AUDIT = "aud"
KEY = "key"
INSTANCE = "ins"


def uuid7(now_us: int, random_bytes: bytes) -> bytes:
    """The 16 bytes of a UUIDv7 made of a time in µs UTC (kept to the ms) and 10 random bytes."""
    if len(random_bytes) != 10:
        raise ValueError(f"uuid7 needs 10 random bytes, got {len(random_bytes)}")
    raw = bytearray((now_us // 1000).to_bytes(6, "big") + random_bytes)
    raw[6] = (raw[6] & 0x0F) | 0x70
    raw[8] = (raw[8] & 0x3F) | 0x80
    return bytes(raw)


def new_id(prefix: str, now_us: int, random_bytes: bytes) -> str:
    """An identifier such as `rel_018f…` (32 lower-case hex digits after the prefix). Sorts by time."""
    return f"{prefix}_{uuid7(now_us, random_bytes).hex()}"


def id_bytes(identifier: str) -> bytes:
    """The 16 bytes behind a prefixed id; 16 zero bytes for the empty string (no release)."""
    if not identifier:
        return bytes(16)
    raw = bytes.fromhex(identifier.rpartition("_")[2])
    if len(raw) != 16:
        raise ValueError(f"not a prefixed UUIDv7: {identifier!r}")
    return raw


def id_text(prefix: str, raw: bytes) -> str:
    """The prefixed id of 16 bytes; the empty string for 16 zero bytes."""
    return f"{prefix}_{raw.hex()}" if any(raw) else ""


class IdSource:
    """Makes ids from a wall clock in µs and a source of random bytes, both injected."""

    def __init__(self, now_us: Callable[[], int], random_bytes: Callable[[int], bytes]) -> None:
        self._now_us = now_us
        self._random_bytes = random_bytes

    def new(self, prefix: str) -> str:
        """A new id with this prefix."""
        return new_id(prefix, self._now_us(), self._random_bytes(10))
