"""Every control store keeps a key's signature of a version once."""

from __future__ import annotations

import msgspec

from serinus.ports.control_store import ControlStore, Signature
from tests.contract.values import digest

SIGNATURE = Signature(
    app="shop",
    digest=digest("one"),
    key_id="ed25519:0011223344556677",
    public_key="cHVibGlj",
    signature="c2lnbmF0dXJl",
    signed_at_us=1_700_000_000_000_001,
    signed_by="ada (1234)",
)


def test_B1_a_signature_is_kept_once_and_never_replaced(control_store: ControlStore) -> None:
    """The same key signs a version once; another key, version or app is another signature."""
    later = msgspec.structs.replace(SIGNATURE, key_id="ed25519:ff", signed_at_us=SIGNATURE.signed_at_us + 1)
    with control_store.tx() as tx:
        assert tx.insert_signature(later)
        assert tx.insert_signature(SIGNATURE)
        assert not tx.insert_signature(msgspec.structs.replace(SIGNATURE, signature="forged", signed_by="eve"))
        assert tx.insert_signature(msgspec.structs.replace(SIGNATURE, app="bank"))
    with control_store.tx() as tx:
        assert tx.signatures("shop", SIGNATURE.digest) == [SIGNATURE, later]
        assert tx.signatures("shop", digest("two")) == []
        assert [one.app for one in tx.signatures("bank", SIGNATURE.digest)] == ["bank"]
