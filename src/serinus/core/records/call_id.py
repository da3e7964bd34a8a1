"""Call ids: self-describing and MACed, so that late feedback needs no look-up in the event log.

48 bytes as 64 URL-safe base64 characters behind `call_`. Layout, big-endian: format 1 byte, time in ms 6, random 5,
release id 16 (zeros: none), arm 1, stratum 1 (255: none), unit pseudonym 8, MAC 10. MAC = HMAC-SHA256(key,
"call" ‖ 0x1f ‖ app ‖ 0x1f ‖ the first 38 bytes), truncated: so it proves the app as well. Format 1, which did not, was
never released.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from collections.abc import Iterable

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.ids import RELEASE, id_text
from serinus.core.mac import Mac, mac
from serinus.core.routing.assignment import Arm

SIZE = 48
PREFIX = "call_"
_FORMAT = b"\x02"
_LAYOUT = struct.Struct(">cHI5s16sBB8s").pack
_BODY = 38
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class CallId(msgspec.Struct, frozen=True, kw_only=True):
    """A decoded call id; `stratum` −1 and `release` empty outside a comparison."""

    at_ms: int
    release: str
    arm: Arm
    stratum: int
    unit: bytes


def issuer(key: bytes, app: bytes) -> Mac:
    """What MACs the call ids of an app (its name in UTF-8)."""
    return Mac(key, b"call\x1f%b\x1f" % app)


def issue(of_app: Mac, at_ms: int, nonce: bytes, release: bytes, arm: int, stratum: int, unit: bytes) -> bytes:
    """The 48 raw bytes of a new call id by the app's `issuer`. `nonce` 5, `release` 16, `unit` 8 bytes; `stratum` in
    [−1, 254]."""
    body = _LAYOUT(_FORMAT, at_ms >> 32, at_ms & 0xFFFFFFFF, nonce, release, arm, stratum & 0xFF, unit)
    return body + of_app.of(body)[:10]


def make(
    key: bytes, app: bytes, at_ms: int, nonce: bytes, release: bytes, arm: int, stratum: int, unit: bytes
) -> bytes:
    """A new call id by the key alone; `app` is its name in UTF-8: see `issue`."""
    return issue(issuer(key, app), at_ms, nonce, release, arm, stratum, unit)


def text(raw: bytes) -> str:
    """The printed form: `call_` and 64 characters."""
    return PREFIX + printed(raw).decode()


def printed(raw: bytes) -> bytes:
    """The 64 characters of the printed form behind its prefix, as bytes."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE)


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


def raw_of(printed: str) -> bytes:
    """The 48 raw bytes of a printed call id, MAC not checked; InvalidInput when it has not that form."""
    try:
        raw = base64.urlsafe_b64decode(printed.removeprefix(PREFIX))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != SIZE or raw[:1] != _FORMAT or text(raw) != printed:
        raise _foreign()
    return raw


def app_of(key: bytes, apps: Iterable[str], raw: bytes) -> str:
    """Which of these apps a call was made to; InvalidInput when it is none of them, or the id is not one of ours."""
    body, tag = raw[:_BODY], raw[_BODY:]
    for app in apps:
        expected = mac(key, b"call\x1f%b\x1f%b" % (app.encode(), body))[:10]
        if hmac.compare_digest(tag, expected):
            return app
    raise _foreign()


def _foreign() -> InvalidInput:
    return InvalidInput("not a call id of this project", where="call_id", mend="copy it whole from x-request-id")
