"""Routes of notices: what was told to whom, acknowledge, test."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.acts import ReasonBody
from serinus.api.schemas.notice import NoticeView
from serinus.control.acknowledge_notice import acknowledge_notice
from serinus.control.send_test_notice import send_test_notice
from serinus.core.access import Operation
from serinus.ports.control_store import ApiKey, ControlStore, Notice, Page

_LARGEST = 2**62


def routes(parts: Parts) -> APIRouter:
    """The routes under `/notices`, and `/apps/{app}/notifications/test`."""
    router = APIRouter(tags=["notices"], responses=documented(HTTPStatus.NOT_FOUND))
    may_view = Guard(parts.control, Operation.VIEW)
    may_acknowledge = Guard(parts.control, Operation.ACKNOWLEDGE_NOTICE)
    may_test = Guard(parts.control, Operation.TEST_NOTIFICATIONS)
    request_once = once(parts)

    @router.get("/notices", operation_id="list_notices")
    def list_notices(
        _: Annotated[ApiKey, Depends(may_view)],
        at: Annotated[Page, Depends(page)],
        app: Annotated[str, Query(max_length=100, description="Only of this app.")] = "",
        waiting: Annotated[bool, Query(description="Only those that somebody must still acknowledge.")] = False,
    ) -> Listing[NoticeView]:
        """Notices, newest first, each with how its deliveries stand."""
        with parts.control.tx() as tx:
            found, following = tx.notices(at, app or None, waiting)
            deliveries = tx.deliveries([notice.id for notice in found])
        return Listing(items=[NoticeView.of(notice, deliveries) for notice in found], next_cursor=following)

    @router.post(
        "/notices/{id}/acknowledge",
        operation_id="acknowledge_notice",
        response_model=NoticeView,
        status_code=HTTPStatus.OK,
    )
    def post_acknowledge(
        id: Annotated[int, Path(ge=1, le=_LARGEST)],
        key: Annotated[ApiKey, Depends(may_acknowledge)],
        request: Annotated[Once, Depends(request_once)],
        body: ReasonBody | None = None,
    ) -> Response:
        """Say that you have seen it and look into it. It does not escalate any more; who and when is on record."""
        reason = body.reason if body else ""

        def work(store: ControlStore, actor: str) -> tuple[int, NoticeView]:
            return 200, _view(store, acknowledge_notice(store, parts.clock.now_us(), actor, id, reason))

        return request.do(key, work)

    @router.post(
        "/apps/{app}/notifications/test",
        operation_id="test_notifications",
        response_model=NoticeView,
        status_code=HTTPStatus.ACCEPTED,
        responses=documented(HTTPStatus.CONFLICT),
    )
    def post_test(
        app: str, key: Annotated[ApiKey, Depends(may_test)], request: Annotated[Once, Depends(request_once)]
    ) -> Response:
        """Send a test notice to all targets of an app. How it went is in the listing."""

        def work(store: ControlStore, actor: str) -> tuple[int, NoticeView]:
            return 202, _view(store, send_test_notice(store, parts.clock.now_us(), actor, app))

        return request.do(key, work)

    return router


def _view(store: ControlStore, notice: Notice) -> NoticeView:
    with store.tx() as tx:
        return NoticeView.of(notice, tx.deliveries([notice.id]))
