"""Routes of keys: make, list, revoke. A key's text is told once and kept nowhere."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.acts import KeyBody, ReasonBody
from serinus.api.schemas.record import KeyView, NewKeyView
from serinus.control.create_key import SECRET_BYTES, create_key
from serinus.control.revoke_key import revoke_key
from serinus.core.access import Operation
from serinus.ports.control_store import ApiKey, ControlStore


def routes(parts: Parts) -> APIRouter:
    """The routes under `/keys`."""
    router = APIRouter(prefix="/keys", tags=["keys"])
    may_view = Guard(parts.control, Operation.VIEW_KEYS)
    may_create = Guard(parts.control, Operation.CREATE_KEY)
    may_revoke = Guard(parts.control, Operation.REVOKE_KEY)
    request_once = once(parts)

    @router.get("", operation_id="list_keys")
    def list_keys(_: Annotated[ApiKey, Depends(may_view)]) -> Listing[KeyView]:
        """All keys, revoked ones included; always one page."""
        with parts.control.tx() as tx:
            found = tx.keys()
        return Listing(items=[KeyView.of(key) for key in found])

    @router.post("", operation_id="create_key", response_model=NewKeyView, status_code=HTTPStatus.CREATED)
    def post_key(
        body: KeyBody,
        key: Annotated[ApiKey, Depends(may_create)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Make a key. Its text is in this answer only."""

        def work(store: ControlStore, actor: str) -> tuple[int, NewKeyView]:
            secret = parts.random_bytes(SECRET_BYTES)
            made, text = create_key(
                store, parts.clock.now_us(), actor, parts.ids, secret, body.name, body.roles, body.apps
            )
            return 201, NewKeyView(key=KeyView.of(made), secret=text)

        return request.do(key, work, keep=_without_secret)

    @router.delete(
        "/{id}", operation_id="revoke_key", response_model=KeyView, responses=documented(HTTPStatus.NOT_FOUND)
    )
    def delete_key(
        id: str,
        key: Annotated[ApiKey, Depends(may_revoke)],
        request: Annotated[Once, Depends(request_once)],
        body: ReasonBody | None = None,
    ) -> Response:
        """Revoke a key: it opens nothing any more."""
        reason = body.reason if body else ""

        def work(store: ControlStore, actor: str) -> tuple[int, KeyView]:
            return 200, KeyView.of(revoke_key(store, parts.clock.now_us(), actor, id, reason))

        return request.do(key, work)

    return router


def _without_secret(body: BaseModel) -> BaseModel:
    return body.model_copy(update={"secret": None})
