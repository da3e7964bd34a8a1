"""Ed25519 against the vectors of RFC 8032, section 7.1, and against openssl's key files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from serinus.adapters.ed25519 import Ed25519Check, Ed25519Key
from serinus.core.errors import InvalidInput

SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
MESSAGE = b"\x72"


def test_B1_the_vectors_of_the_rfc() -> None:
    """TEST 2: public key and signature are those of the standard, and they verify."""
    key = Ed25519Key.new(SEED)
    assert key.public_bytes() == PUBLIC
    assert key.sign(MESSAGE) == SIGNATURE
    assert Ed25519Check().verify(PUBLIC, SIGNATURE, MESSAGE)


@pytest.mark.parametrize(
    ("public", "signature", "message"),
    [
        (PUBLIC, SIGNATURE, b"\x73"),
        (PUBLIC, SIGNATURE[:-1] + b"\x01", MESSAGE),
        (Ed25519Key.new(bytes(32)).public_bytes(), SIGNATURE, MESSAGE),
        (b"", SIGNATURE, MESSAGE),
        (PUBLIC, b"", MESSAGE),
        (b"\xff" * 32, SIGNATURE, MESSAGE),
    ],
)
def test_B1_anything_else_does_not_verify(public: bytes, signature: bytes, message: bytes) -> None:
    """One changed bit anywhere, another key, or no key at all: False, and no error."""
    assert not Ed25519Check().verify(public, signature, message)


def test_a_key_survives_its_file() -> None:
    """Written as PEM and read again it is the same key."""
    key = Ed25519Key.new(SEED)
    assert Ed25519Key.read("k.pem", key.pem()).public_bytes() == PUBLIC


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_the_keys(tmp_path: Path) -> None:
    """Another program verifies our signatures with the public key file."""
    key = Ed25519Key.new(SEED)
    for name, content in (("key.pub", key.public_pem()), ("message", MESSAGE), ("signature", key.sign(MESSAGE))):
        (tmp_path / name).write_bytes(content)
    command = "openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in message -sigfile signature"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "pem", [b"", b"secret text", b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_key_is_refused_and_not_shown(pem: bytes) -> None:
    """The refusal names the file and the mend, and nothing of what was in it."""
    with pytest.raises(InvalidInput, match=r"k\.pem: not an Ed25519.*serinus keygen") as refusal:
        Ed25519Key.read("k.pem", pem)
    assert "secret" not in str(refusal.value)
