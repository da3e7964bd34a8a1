"""Call ids: self-describing and MACed, so that late feedback needs no look-up in the event log.

48 bytes as 64 URL-safe base64 characters behind `call_`. Layout, big-endian: format 1 byte, time in ms 6, random 5,
release id 16 (zeros: none), arm 1, stratum 1 (255: none), unit pseudonym 8, MAC 10. MAC = HMAC-SHA256(key,
"call" ‖ 0x1f ‖ the first 38 bytes), truncated.
"""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.ids import RELEASE, id_text
from serinus.core.mac import mac
from serinus.core.routing.assignment import Arm

SIZE = 48
PREFIX = "call_"
_FORMAT = b"\x01"
_BODY = 38


class CallId(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded call id; `stratum` −1 and `release` empty outside a comparison."""

    at_ms: int
    release: str
    arm: Arm
    stratum: int
    unit: bytes


def make(key: bytes, at_ms: int, nonce: bytes, release: bytes, arm: int, stratum: int, unit: bytes) -> bytes:
    """The 48 raw bytes of a new call id. `nonce` 5, `release` 16, `unit` 8 bytes; `stratum` in [−1, 254]."""
    body = _FORMAT + at_ms.to_bytes(6, "big") + nonce + release + bytes((arm, stratum & 0xFF)) + unit
    return body + mac(key, b"call\x1f" + body)[:10]


def text(raw: bytes) -> str:
    """The printed form: `call_` and 64 characters."""
    return PREFIX + base64.urlsafe_b64encode(raw).decode()


def parse(raw: bytes) -> CallId:
    """The fields of 48 raw bytes, MAC not checked (for bytes that come from our own spool)."""
    stratum = raw[29]
    return CallId(
        at_ms=int.from_bytes(raw[1:7], "big"),
        release=id_text(RELEASE, raw[12:28]),
        arm=Arm(raw[28]),
        stratum=-1 if stratum == 255 else stratum,
        unit=raw[30:38],
    )


def read(key: bytes, printed: str) -> CallId:
    """The fields of a printed call id; InvalidInput when it is not one that we issued."""
    try:
        raw = base64.urlsafe_b64decode(printed.removeprefix(PREFIX))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != SIZE or raw[:1] != _FORMAT or not _genuine(key, raw):
        raise InvalidInput("not a call id of this project", where="call id", mend="copy it whole from x-request-id")
    return parse(raw)


def _genuine(key: bytes, raw: bytes) -> bool:
    expected = mac(key, b"call\x1f" + raw[:_BODY])[:10]
    return hmac.compare_digest(raw[_BODY:], expected)
