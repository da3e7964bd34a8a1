"""Revoke a key."""

from __future__ import annotations

import msgspec

from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import NotFound
from serinus.ports.control_store import ApiKey, ControlStore, ControlTx
from serinus.ports.retry import run


def revoke_key(store: ControlStore, now_us: int, actor: str, id: str, reason: str = "") -> ApiKey:
    """The key, which opens nothing any more; revoking it again changes nothing."""

    def work(tx: ControlTx) -> ApiKey:
        keys = tx.keys()
        before = next((key for key in keys if key.id == id), None)
        if before is None:
            raise NotFound(f"no key {id!r}", where="key", mend="list the keys")
        if before.revoked_at_us:
            return before
        following = msgspec.structs.replace(before, revoked_at_us=now_us)
        tx.put_key(following)
        tx.append_audit(
            Draft(
                at_us=now_us,
                actor=actor,
                action=Action.KEY_REVOKED,
                subject=id,
                before=before.sha256,
                reason=reason or before.name,
            )
        )
        publish(tx, now_us)
        return following

    return run(store, work)
