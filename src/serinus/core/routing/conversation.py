"""Conversation tokens: where a conversation began, carried by the caller, so that workers share no state.

Format 1 holds the beginning; format 2 also the place that the first turn was given by the release's populations. Both
are read; format 2 is written where there is a place only.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from typing import NamedTuple

import xxhash

from serinus.core.errors import InvalidInput
from serinus.core.mac import Mac, mac

_MAC_BYTES = 8
_BODY_BYTES = {1: 1 + 6 + 8 + 5, 2: 1 + 6 + 8 + 5 + 1}
_FORMAT_1, _FORMAT_2 = b"\x01", b"\x02"
_LAYOUT_1 = struct.Struct(">cHI8s5s").pack
TOKEN_CHARS = 38
_PLACED_CHARS = 39
LENGTHS = frozenset({TOKEN_CHARS, _PLACED_CHARS})
"""How many characters a token can have."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Beginning(NamedTuple):
    """What a token tells: the snapshot revision at which its conversation began, the unit's pseudonym, and the place
    its first turn was given (`routing.population`); None: it was given none."""

    started: int
    unit_hash: bytes
    place: int | None = None


def issuer(key: bytes, app: str) -> Mac:
    """What MACs the conversation tokens of an app."""
    return Mac(key, b"conversation\x1f%b\x1f" % app.encode())


def issue(key: bytes, app: str, unit_hash: bytes, started: int, nonce: bytes, place: int | None = None) -> str:
    """A token by the app's key alone: see `issue_by`."""
    return issue_by(issuer(key, app), unit_hash, started, nonce, place)


def issue_by(of_app: Mac, unit_hash: bytes, started: int, nonce: bytes, place: int | None = None) -> str:
    """A token (URL-safe characters) by the app's `issuer` for a conversation begun at snapshot revision `started`.

    `unit_hash` is the unit's 8-byte pseudonym, `nonce` 5 random bytes. Layout: format 1, revision 6, unit 8,
    nonce 5, MAC 8 bytes; MAC = HMAC-SHA256(key, "conversation" ‖ 0x1f ‖ app ‖ 0x1f ‖ body), truncated. With a place
    in [0, 255] it is of format 2: one byte of place behind the nonce.
    """
    if len(unit_hash) != 8 or len(nonce) != 5:
        raise ValueError("unit_hash takes 8 bytes and nonce 5")
    if place is None:
        body, chars = _LAYOUT_1(_FORMAT_1, started >> 32, started & 0xFFFFFFFF, unit_hash, nonce), TOKEN_CHARS
    else:
        body = _FORMAT_2 + started.to_bytes(6, "big") + unit_hash + nonce + place.to_bytes(1, "big")
        chars = _PLACED_CHARS
    raw = binascii.b2a_base64(body + of_app.of(body)[:_MAC_BYTES], newline=False)
    return raw.translate(_URL_SAFE)[:chars].decode()


def read(key: bytes, app: str, token: str) -> Beginning:
    """What a token tells, by the app's key alone: see `read_by`."""
    return read_by(issuer(key, app), token)


def read_by(of_app: Mac, token: str) -> Beginning:
    """What a token of ours tells, by the app's `issuer`; InvalidInput for a foreign, altered or malformed one."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    size = _BODY_BYTES.get(raw[0], 0) if raw else 0
    body, tag = raw[:size], raw[size:]
    if not body or len(tag) != _MAC_BYTES or not hmac.compare_digest(tag, of_app.of(body)[:_MAC_BYTES]):
        raise InvalidInput(
            "not a conversation token of this application",
            where="x-serinus-conversation",
            mend="send back the value of the first answer's header unchanged, or none to begin a conversation",
        )
    return Beginning(int.from_bytes(body[1:7], "big"), body[7:15], body[20] if len(body) > 20 else None)


def number_of(token: str) -> int:
    """How records name a conversation: 63 bits of its token's hash."""
    return xxhash.xxh3_64_intdigest(token.encode()) >> 1


def pseudonym(key: bytes, unit: str) -> bytes:
    """The unit's 8-byte pseudonym: HMAC-SHA256(key, unit as UTF-8), truncated. The key's id travels beside it."""
    return mac(key, unit.encode())[:8]
