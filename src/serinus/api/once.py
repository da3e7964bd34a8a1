"""Idempotency keys: a POST repeated within 24 h is answered as the first time and done only once.

The answer is kept in the same transaction as the change, so no crash can separate them.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel

from serinus.api.guard import actor
from serinus.api.parts import Parts
from serinus.api.problems import KeyReused
from serinus.control.enclosed import Enclosed
from serinus.core.errors import InvalidInput
from serinus.ports.control_store import ApiKey, ControlStore, ControlTx
from serinus.ports.retry import run

MAX_KEY_LENGTH = 200
REPLAYED = "idempotency-replayed"
_JSON = "application/json"

Work = Callable[[ControlStore, str], tuple[int, BaseModel]]


class Once:
    """One changing request: its idempotency key (empty: none), the digest of what it asks, and how to carry it out."""

    def __init__(self, parts: Parts, idempotency_key: str, request_digest: str) -> None:
        self._parts = parts
        self._idempotency_key = idempotency_key
        self._request_digest = request_digest

    def do(self, key: ApiKey, work: Work, keep: Callable[[BaseModel], BaseModel] | None = None) -> Response:
        """The answer of `work(store, actor)`, which returns status and body; wakes the tick.

        `keep` makes what is remembered of a body that must not be stored as it is (a secret).
        """
        if self._idempotency_key:
            response = run(self._parts.control, lambda tx: self._remembered(tx, key, work, keep))
        else:
            status, body = work(self._parts.control, actor(key))
            response = Response(body.model_dump_json(), status, media_type=_JSON)
        self._parts.wake()
        return response

    def _remembered(
        self, tx: ControlTx, key: ApiKey, work: Work, keep: Callable[[BaseModel], BaseModel] | None
    ) -> Response:
        name = f"{key.id}:{self._idempotency_key}"
        now_us = self._parts.clock.now_us()
        found = tx.remembered(name, now_us)
        if found:
            digest, status, raw = found
            if digest != self._request_digest:
                raise KeyReused(
                    "this Idempotency-Key was used for another request", where="idempotency-key", mend="make a new key"
                )
            return Response(raw, status, {REPLAYED: "true"}, _JSON)
        status, body = work(Enclosed(self._parts.control, tx), actor(key))
        kept = keep(body) if keep else body
        tx.remember(name, self._request_digest, status, kept.model_dump_json().encode(), now_us)
        return Response(body.model_dump_json(), status, media_type=_JSON)


def once(parts: Parts) -> Callable[..., object]:
    """The dependency that makes a Once of a request."""

    async def from_request(
        request: Request,
        idempotency_key: Annotated[
            str,
            Header(
                max_length=MAX_KEY_LENGTH,
                description="Chosen by the caller. The same request with the same key within 24 h is done once.",
            ),
        ] = "",
    ) -> Once:
        if idempotency_key and not idempotency_key.isprintable():
            raise InvalidInput("not printable", where="idempotency-key", mend="use letters, digits and hyphens")
        asked = hashlib.sha256()
        for part in (request.method, request.url.path, request.url.query, request.headers.get("if-match", "")):
            asked.update(part.encode() + b"\x1f")
        asked.update(await request.body())
        return Once(parts, idempotency_key, asked.hexdigest())

    return from_request
