"""Sign a version, and check its signatures (B1)."""

from __future__ import annotations

import base64
import hashlib

import msgspec

from serinus.control.lookup import app_of, version_of
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import InvalidInput
from serinus.core.versions.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, decoded, key_id, signed_message
from serinus.ports.control_store import ControlStore, ControlTx, Signature, StoredVersion
from serinus.ports.retry import run
from serinus.ports.signatures import SignatureCheck


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A stored signature, and whether it still fits the content that is stored."""

    signature: Signature
    is_valid: bool


def sign_version(
    store: ControlStore,
    check: SignatureCheck,
    now_us: int,
    actor: str,
    app: str,
    ref: str,
    public_key: str,
    signature: str,
) -> tuple[Signature, bool]:
    """Keep a signature made with this public key (both base64), and whether it is new: a key signs a version once.

    InvalidInput when it is not this key's signature over the version's digest: then nothing is kept.
    """
    key = decoded("public_key", public_key, PUBLIC_KEY_BYTES)
    made = decoded("signature", signature, SIGNATURE_BYTES)

    def work(tx: ControlTx) -> tuple[Signature, bool]:
        app_of(tx, app)
        version = version_of(tx, app, ref)
        if not check.verify(key, made, signed_message(version.digest)):
            raise InvalidInput(
                f"this is not the key's signature of {version.name}",
                where="signature",
                mend="sign the digest that the push answered with",
            )
        kept = Signature(
            app=app,
            digest=version.digest,
            key_id=key_id(key),
            public_key=base64.b64encode(key).decode(),
            signature=base64.b64encode(made).decode(),
            signed_at_us=now_us,
            signed_by=actor,
        )
        if not tx.insert_signature(kept):
            return next(one for one in tx.signatures(app, version.digest) if one.key_id == kept.key_id), False
        tx.append_audit(
            Draft(
                at_us=now_us,
                actor=actor,
                action=Action.VERSION_SIGNED,
                subject=version.name,
                after=version.digest,
                reason=f"signed with {kept.key_id}",
            )
        )
        return kept, True

    return run(store, work)


def verify_version(store: ControlStore, check: SignatureCheck, app: str, ref: str) -> list[Verified]:
    """Every signature of a version, checked against the SHA-256 of the content as it is stored now, so that a change
    of content, digest or signature behind the API's back is found. Empty: nobody has signed it."""
    with store.tx() as tx:
        app_of(tx, app)
        version = version_of(tx, app, ref)
        signatures = tx.signatures(app, version.digest)
    return [Verified(signature=one, is_valid=_is_valid(check, version, one)) for one in signatures]


def _is_valid(check: SignatureCheck, version: StoredVersion, signature: Signature) -> bool:
    digest = hashlib.sha256(version.content).hexdigest()  # not the stored one: that could have been changed too
    try:
        key = decoded("public_key", signature.public_key, PUBLIC_KEY_BYTES)
        made = decoded("signature", signature.signature, SIGNATURE_BYTES)
    except InvalidInput:
        return False
    return key_id(key) == signature.key_id and check.verify(key, made, signed_message(digest))
