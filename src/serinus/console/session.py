"""Sessions as sealed cookies: who signed in, until when, and the token that each of their forms carries.

A cookie is `base64url(JSON) . base64url(HMAC-SHA256)` under a key derived from the project's secret, so that any
control process of the project accepts it. It names the SHA-256 of the key that signed in: once the key is revoked, the
session is worth nothing.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable

import msgspec

from serinus.core.mac import mac

SESSION_S = 8 * 3600
"""A working day: after it one signs in again."""
ANONYMOUS_S = 3600
_PURPOSE = b"serinus console session 1"
_NONCE_BYTES = 16


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """`key` is the hex SHA-256 of the key that signed in; empty: nobody has yet."""

    nonce: str
    until_us: int
    key: str = ""


class Sessions:
    """Makes and reads sessions under one project's secret (`mac_key`, hex)."""

    def __init__(self, mac_key: str, random_bytes: Callable[[int], bytes]) -> None:
        self._key = mac(bytes.fromhex(mac_key), _PURPOSE)
        self._random_bytes = random_bytes

    @property
    def cookie(self) -> str:
        """The cookie's name: several projects on one machine have one each."""
        return f"serinus_{mac(self._key, b'cookie name')[:4].hex()}"

    def fresh(self, now_us: int, key: str = "") -> Session:
        """A new session, of a key (its SHA-256) or of nobody."""
        length_s = SESSION_S if key else ANONYMOUS_S
        return Session(nonce=self._random_bytes(_NONCE_BYTES).hex(), until_us=now_us + length_s * 1_000_000, key=key)

    def seal(self, session: Session) -> str:
        """The cookie's value."""
        body = _encode(msgspec.json.encode(session))
        return f"{body}.{_encode(mac(self._key, body.encode()))}"

    def open(self, value: str, now_us: int) -> Session | None:
        """The session in a cookie; None when it is not one of ours, was altered, or is over."""
        body, _, seal = value.partition(".")
        try:
            genuine = hmac.compare_digest(_decode(seal), mac(self._key, body.encode()))
            session = msgspec.json.decode(_decode(body), type=Session) if genuine else None
        except ValueError:
            return None
        return session if session is not None and now_us < session.until_us else None

    def token(self, session: Session) -> str:
        """What each form of this session carries, and no other site can know."""
        return mac(self._key, b"form\x1f" + session.nonce.encode()).hex()

    def fits(self, session: Session, token: str) -> bool:
        """Whether a form came from this session."""
        return hmac.compare_digest(self.token(session).encode(), token.encode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
