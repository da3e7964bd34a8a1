"""Who is calling, and may they: one dependency that stands before every route but `/health`."""

import hashlib
from typing import Annotated

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serinus.core.access import Operation, authorise
from serinus.core.errors import Unauthenticated
from serinus.ports.control_store import ApiKey, ControlStore

_BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="`Authorization: Bearer <key>`")


class Guard:
    """A dependency: the key of the caller, who may do `operation`.

    Unauthenticated in the same words whether the key is missing, malformed, unknown or revoked; Forbidden when its
    roles do not suffice. Keys are looked up by their SHA-256, so timing tells nothing about their text.
    """

    def __init__(self, control: ControlStore, operation: Operation) -> None:
        self._control = control
        self.operation = operation

    def __call__(self, bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]) -> ApiKey:
        digest = hashlib.sha256((bearer.credentials if bearer else "").encode()).hexdigest()
        with self._control.tx() as tx:
            key = tx.key_by_hash(digest)
        if key is None:
            raise Unauthenticated(
                "no valid key",
                where="authorization",
                mend="send `Authorization: Bearer <key>` with a key of this project",
            )
        authorise(key.roles, self.operation)
        return key


def actor(key: ApiKey) -> str:
    """How the holder of a key is named in audit entries and reasons: the key's name and the end of its id."""
    return f"{key.name} ({key.id[-8:]})"
