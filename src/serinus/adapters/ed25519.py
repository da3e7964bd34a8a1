"""Ed25519 (RFC 8032) by the `cryptography` library: check signatures, make keys, sign."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from serinus.core.errors import InvalidInput

SEED_BYTES = 32


class Ed25519Check:
    """What checks signatures."""

    def verify(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """As in the port."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Ed25519Key:
    """A private key that signs."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def new(cls, seed: bytes) -> Ed25519Key:
        """The key of 32 fresh random bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def read(cls, where: str, pem: bytes) -> Ed25519Key:
        """The key in a PEM text (PKCS #8, no passphrase); InvalidInput when there is none. Nothing of it is shown."""
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise InvalidInput(
                "not an Ed25519 private key in PEM without a passphrase", where=where, mend="make one: `serinus keygen`"
            )
        return cls(key)

    def pem(self) -> bytes:
        """The private key as PEM (PKCS #8)."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def public_pem(self) -> bytes:
        """The public key as PEM (SubjectPublicKeyInfo), which openssl reads."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def public_bytes(self) -> bytes:
        """The public key: 32 bytes."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message: bytes) -> bytes:
        """64 bytes, the same for the same message."""
        return self._key.sign(message)
