"""Signing versions, and finding what no longer fits."""

from __future__ import annotations

import base64

import pytest

from serinus.adapters.ed25519 import Ed25519Check, Ed25519Key
from serinus.adapters.memory_control import MemoryControlStore
from serinus.adapters.memory_store import memory_stores
from serinus.control.configure_app import configure_app
from serinus.control.push_version import push_version
from serinus.control.sign_version import sign_version, verify_version
from serinus.core.errors import InvalidInput, NotFound
from serinus.core.pipeline.app import AppConfig
from serinus.core.versions.content import parse_content
from serinus.core.versions.signing import key_id, signed_message
from serinus.ports.control_store import Signature, StoredVersion
from tests.conftest import counted_bytes

KEY = Ed25519Key.new(bytes(32))
CHECK = Ed25519Check()


def text(raw: bytes) -> str:
    """As it is sent."""
    return base64.b64encode(raw).decode()


def pushed(model: str = "m") -> tuple[MemoryControlStore, StoredVersion]:
    """A store with an app and a version."""
    store, _ = memory_stores(counted_bytes())
    configure_app(store, 1, "ada", AppConfig(name="shop"))
    content = parse_content({"endpoint": "e", "model": model, "messages": [{"role": "system", "template": "Hi."}]})
    return store, push_version(store, 1, "ada", "shop", content)[0]


def sign(
    store: MemoryControlStore, version: StoredVersion, signed: StoredVersion | None = None
) -> tuple[Signature, bool]:
    """Hand in the key's signature of this version, or of another one in its place."""
    made = KEY.sign(signed_message((signed or version).digest))
    return sign_version(store, CHECK, 7, "ada", "shop", version.name, text(KEY.public_bytes()), text(made))


def test_B1_a_signature_is_kept_with_who_and_when() -> None:
    """Key, signature, person and time, and an entry on the audit trail; the same key again changes nothing."""
    store, version = pushed()
    kept, new = sign(store, version)
    assert new
    assert (kept.key_id, kept.signed_by, kept.signed_at_us) == (key_id(KEY.public_bytes()), "ada", 7)
    assert sign(store, version) == (kept, False)
    (verified,) = verify_version(store, CHECK, "shop", version.digest)
    assert (verified.signature, verified.is_valid) == (kept, True)
    with store.tx() as tx:
        actions = [entry.action for entry in tx.audit_entries(0, 99)]
    assert actions.count("person:version:sign") == 1


def test_B1_a_signature_of_something_else_is_refused() -> None:
    """Another version's signature, however genuine, is kept nowhere."""
    store, version = pushed()
    _, other = pushed("other")
    with pytest.raises(InvalidInput, match="not the key's signature"):
        sign(store, version, signed=other)
    assert verify_version(store, CHECK, "shop", version.name) == []


@pytest.mark.parametrize(
    ("public", "signature"), [("", ""), (text(bytes(32)), text(bytes(63))), ("ü", text(bytes(64)))]
)
def test_malformed_signatures_are_refused_by_field(public: str, signature: str) -> None:
    """What is no base64 of the right size names its field."""
    store, version = pushed()
    with pytest.raises(InvalidInput, match=r"(public_key|signature): not base64"):
        sign_version(store, CHECK, 7, "ada", "shop", version.name, public, signature)


def test_only_what_is_there_can_be_signed() -> None:
    """An unknown app or version is said to be missing."""
    store, version = pushed()
    for app, ref in (("ship", version.name), ("shop", "shop-2020-W01-1")):
        with pytest.raises(NotFound):
            verify_version(store, CHECK, app, ref)


def test_B1_content_changed_behind_the_api_is_found() -> None:
    """When the stored bytes no longer hash to the digest, every signature of the version is invalid."""
    store, version = pushed()
    sign(store, version)
    (ordinal,) = store._rows.versions
    row = store._rows.versions._rows
    row[ordinal] = StoredVersion(**{f: getattr(version, f) for f in version.__struct_fields__} | {"content": b"{}"})
    (verified,) = verify_version(store, CHECK, "shop", version.name)
    assert not verified.is_valid


def test_B1_a_forged_row_is_found() -> None:
    """A signature row whose key id belongs to another key, or whose bytes are no signature, is invalid."""
    store, version = pushed()
    genuine = KEY.sign(signed_message(version.digest))
    for name, made in (("ed25519:0000000000000000", text(genuine)), ("ed25519:ff", "garbage")):
        forged = Signature(
            app="shop", digest=version.digest, key_id=name, public_key=text(KEY.public_bytes()), signature=made,
            signed_at_us=1, signed_by="eve",
        )  # fmt: skip
        with store.tx() as tx:
            tx.insert_signature(forged)
    assert [one.is_valid for one in verify_version(store, CHECK, "shop", version.name)] == [False, False]
