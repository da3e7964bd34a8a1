"""Routes of what holds releases back: the freeze, and the releases that wait."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.acts import ReasonBody
from serinus.api.schemas.freeze import FreezeView, WaitingView
from serinus.control.freeze_releases import freeze_releases
from serinus.control.request_release import drop_request
from serinus.core.access import Operation
from serinus.ports.control_store import ApiKey, ControlStore


def routes(parts: Parts) -> APIRouter:
    """The routes `/freeze`, `/waiting` and `/apps/{app}/waiting`."""
    router = APIRouter(tags=["freezes"])
    _add_freeze(router, parts)
    _add_waiting(router, parts)
    return router


def _add_freeze(router: APIRouter, parts: Parts) -> None:
    may_view = Guard(parts.control, Operation.VIEW)
    may_freeze = Guard(parts.control, Operation.FREEZE_RELEASES)
    may_unfreeze = Guard(parts.control, Operation.UNFREEZE_RELEASES)
    request_once = once(parts)

    def turned(on: bool, reason: str, key: ApiKey, request: Once) -> Response:
        def work(store: ControlStore, actor: str) -> tuple[int, FreezeView]:
            return 200, FreezeView.of(freeze_releases(store, parts.clock.now_us(), actor, on, reason))

        return request.do(key, work)

    @router.get("/freeze", operation_id="get_freeze")
    def get_freeze(_: Annotated[ApiKey, Depends(may_view)]) -> FreezeView:
        """Whether all releases are frozen, by whom and why."""
        with parts.control.tx() as tx:
            return FreezeView.of(tx.freeze())

    @router.put("/freeze", operation_id="freeze_releases", response_model=FreezeView)
    def put_freeze(
        body: ReasonBody,
        key: Annotated[ApiKey, Depends(may_freeze)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Freeze all releases: none starts, takes a step or is promoted until it is lifted. Rollbacks go on."""
        return turned(True, body.reason, key, request)

    @router.delete("/freeze", operation_id="unfreeze_releases", response_model=FreezeView)
    def delete_freeze(
        key: Annotated[ApiKey, Depends(may_unfreeze)],
        request: Annotated[Once, Depends(request_once)],
        body: ReasonBody | None = None,
    ) -> Response:
        """Let releases go on."""
        return turned(False, body.reason if body else "", key, request)


def _add_waiting(router: APIRouter, parts: Parts) -> None:
    may_view = Guard(parts.control, Operation.VIEW)
    may_start = Guard(parts.control, Operation.START_RELEASE)
    request_once = once(parts)

    @router.get("/waiting", operation_id="list_waiting")
    def list_waiting(_: Annotated[ApiKey, Depends(may_view)]) -> Listing[WaitingView]:
        """Releases that wait for the end of a freeze or of another release; always one page."""
        with parts.control.tx() as tx:
            return Listing(items=[WaitingView.of(one) for one in tx.waiting()])

    @router.delete(
        "/apps/{app}/waiting",
        operation_id="drop_waiting",
        response_model=Listing[WaitingView],
        responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    )
    def delete_waiting(
        app: str,
        key: Annotated[ApiKey, Depends(may_start)],
        request: Annotated[Once, Depends(request_once)],
        body: ReasonBody | None = None,
    ) -> Response:
        """Take out the release that waits for this app; what still waits for others."""
        reason = body.reason if body else ""

        def work(store: ControlStore, actor: str) -> tuple[int, Listing[WaitingView]]:
            drop_request(store, parts.clock.now_us(), actor, app, reason)
            with store.tx() as tx:
                return 200, Listing(items=[WaitingView.of(one) for one in tx.waiting()])

        return request.do(key, work)
