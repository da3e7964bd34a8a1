"""Make a key for a caller or for the API."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from serinus.control.publish import publish
from serinus.core.access import role
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import InvalidInput
from serinus.core.ids import KEY, IdSource
from serinus.ports.control_store import ApiKey, ControlStore, ControlTx
from serinus.ports.retry import run

SECRET_BYTES = 32
_PREFIX = "sk-serinus-"


def create_key(
    store: ControlStore,
    now_us: int,
    actor: str,
    ids: IdSource,
    secret: bytes,
    name: str,
    roles: Iterable[str],
    apps: Iterable[str],
) -> tuple[ApiKey, str]:
    """The key as stored, and its text: shown this once, only its SHA-256 is kept.

    `secret` is 32 fresh random bytes. `roles` are for the API (see `core.access`), `apps` those it may call (`*`:
    all, none: it may not call). InvalidInput for an unknown role.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a key is made of {SECRET_BYTES} random bytes, got {len(secret)}")
    if not name.strip():
        raise InvalidInput("a key without a name", where="key.name", mend="name who or what will use it")
    plaintext = _PREFIX + base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    key = ApiKey(
        id=ids.new(KEY),
        name=name,
        sha256=hashlib.sha256(plaintext.encode()).hexdigest(),
        roles=tuple(role(given).value for given in roles),
        apps=tuple(apps),
        created_at_us=now_us,
    )

    def work(tx: ControlTx) -> None:
        tx.put_key(key)
        tx.append_audit(
            Draft(at_us=now_us, actor=actor, action=Action.KEY_CREATED, subject=key.id, after=key.sha256, reason=name)
        )
        publish(tx, now_us)

    run(store, work)
    return key, plaintext
