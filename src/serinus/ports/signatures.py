"""Signatures of versions: where they are kept, and what checks them."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """An Ed25519 signature over a version's digest (`core.versions.signing`). Both texts are base64; `key_id` is
    derived from the public key. `signed_by` handed it in."""

    app: str
    digest: str
    key_id: str
    public_key: str
    signature: str
    signed_at_us: int
    signed_by: str


class SignatureTx(Protocol):
    """The signatures part of a control transaction."""

    def insert_signature(self, signature: Signature) -> bool:
        """False when this key has signed this version of the app already; nothing is replaced."""
        ...

    def signatures(self, app: str, digest: str) -> list[Signature]:
        """Of one version, oldest first."""
        ...


class SignatureCheck(Protocol):
    """Ed25519 (RFC 8032)."""

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """Whether the key made this signature over the message; False for a key or signature that is none."""
        ...


class NoCheck:
    """Where signatures cannot be checked none is valid, so that none is accepted unseen."""

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """Always False."""
        return False
