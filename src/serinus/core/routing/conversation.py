"""Conversation tokens: where a conversation began, carried by the caller, so that workers share no state."""

from __future__ import annotations

import base64
import binascii
import hmac

import xxhash

from serinus.core.errors import InvalidInput
from serinus.core.mac import Mac, mac

_FORMAT = 1
_FORMAT_BYTE = bytes((_FORMAT,))
_MAC_BYTES = 8
_BODY_BYTES = 1 + 6 + 8 + 5
TOKEN_CHARS = 38
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def issuer(key: bytes, app: str) -> Mac:
    """What MACs the conversation tokens of an app."""
    return Mac(key, b"conversation\x1f%b\x1f" % app.encode())


def issue(key: bytes, app: str, unit_hash: bytes, started: int, nonce: bytes) -> str:
    """A token by the app's key alone: see `issue_by`."""
    return issue_by(issuer(key, app), unit_hash, started, nonce)


def issue_by(of_app: Mac, unit_hash: bytes, started: int, nonce: bytes) -> str:
    """A token (38 URL-safe characters) by the app's `issuer` for a conversation begun at snapshot revision `started`.

    `unit_hash` is the unit's 8-byte pseudonym, `nonce` 5 random bytes. Layout: format 1, revision 6, unit 8,
    nonce 5, MAC 8 bytes; MAC = HMAC-SHA256(key, "conversation" ‖ 0x1f ‖ app ‖ 0x1f ‖ body), truncated.
    """
    body = _FORMAT_BYTE + started.to_bytes(6, "big") + unit_hash + nonce
    if len(body) != _BODY_BYTES:
        raise ValueError("unit_hash takes 8 bytes and nonce 5")
    raw = binascii.b2a_base64(body + of_app.of(body)[:_MAC_BYTES], newline=False)
    return raw.translate(_URL_SAFE)[:TOKEN_CHARS].decode()


def read(key: bytes, app: str, token: str) -> tuple[int, bytes]:
    """(started revision, unit hash) of a token of ours; InvalidInput for a foreign, altered or malformed one."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    body, tag = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    if (
        len(tag) != _MAC_BYTES
        or body[0] != _FORMAT
        or not hmac.compare_digest(tag, issuer(key, app).of(body)[:_MAC_BYTES])
    ):
        raise InvalidInput(
            "not a conversation token of this application",
            where="x-serinus-conversation",
            mend="send back the value of the first answer's header unchanged, or none to begin a conversation",
        )
    return int.from_bytes(body[1:7], "big"), body[7:15]


def number_of(token: str) -> int:
    """How records name a conversation: 63 bits of its token's hash."""
    return xxhash.xxh3_64_intdigest(token.encode()) >> 1


def pseudonym(key: bytes, unit: str) -> bytes:
    """The unit's 8-byte pseudonym: HMAC-SHA256(key, unit as UTF-8), truncated. The key's id travels beside it."""
    return mac(key, unit.encode())[:8]
