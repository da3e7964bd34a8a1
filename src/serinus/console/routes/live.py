"""Live pages: the parts of an open page that have changed, as server-sent events.

`GET /live/releases/{id}` and `GET /live/overview` send `event: parts` with a JSON object of part names and HTML; what
has not changed is not sent again. A stream ends with the session, with the process, and after `LONGEST_S`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

import anyio
import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from serinus.console.overview_view import overview_view
from serinus.console.page import Desk
from serinus.console.release_view import release_view
from serinus.console.routes.releases import shown
from serinus.console.visitor import Visitor
from serinus.core.access import Operation, authorise
from serinus.core.errors import SerinusError, Unauthenticated

EVERY_S = 1.0
LONGEST_S = 3600
MOST_STREAMS = 64
RELEASE_PARTS = (
    "head", "why", "suspicions", "stepper", "signing", "shadow", "compare", "places", "state", "judging", "monitors",
    "timeline",
)  # fmt: skip
OVERVIEW_PARTS = ("needs", "underway", "hosts")
_ENDED = "event: ended\ndata: {}\n\n"
_RETRY = "retry: 3000\n\n"

Parts = dict[str, str]
Look = Callable[[Request, Visitor], Parts]


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/live/…`."""
    seats = _Seats()

    def release(request: Request, visitor: Visitor) -> Parts:
        view = release_view(desk.parts, request.path_params["id"])
        values = shown(view, visitor)
        return {name: desk.html(request, f"parts/release_{name}.html", visitor, **values) for name in RELEASE_PARTS}

    def overview(request: Request, visitor: Visitor) -> Parts:
        view = overview_view(desk.parts, visitor)
        return {name: desk.html(request, f"parts/overview_{name}.html", visitor, view=view) for name in OVERVIEW_PARTS}

    return [
        Route("/live/releases/{id}", _endpoint(desk, seats, release)),
        Route("/live/overview", _endpoint(desk, seats, overview)),
    ]


class _Seats:
    """How many streams are open: each takes a look every second."""

    def __init__(self) -> None:
        self._taken = 0

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Whether there was room."""
        free = self._taken < MOST_STREAMS
        self._taken += free
        try:
            yield free
        finally:
            self._taken -= free


def _endpoint(desk: Desk, seats: _Seats, look: Look) -> Callable[[Request], object]:
    def looked(request: Request) -> Parts:
        visitor = desk.reception.visitor(request)
        if visitor is None:
            raise Unauthenticated("the session is over", where="session", mend="sign in again")
        authorise(visitor.key.roles, Operation.VIEW)
        return look(request, visitor)

    async def stream(request: Request, first: Parts) -> AsyncIterator[str]:
        with seats.one() as free:
            if not free:
                yield _ENDED
                return
            yield _RETRY
            sent: Parts = {}
            now = first
            for _ in range(int(LONGEST_S / EVERY_S)):
                changed = {name: html for name, html in now.items() if sent.get(name) != html}
                if changed:
                    yield f"event: parts\ndata: {msgspec.json.encode(changed).decode()}\n\n"
                sent = now
                await anyio.sleep(EVERY_S)
                if desk.parts.stopping() or await request.is_disconnected():
                    return
                try:
                    now = await run_in_threadpool(looked, request)
                except SerinusError:
                    yield _ENDED
                    return

    async def endpoint(request: Request) -> Response:
        try:
            first = await run_in_threadpool(looked, request)
        except Unauthenticated:
            raise HTTPException(HTTPStatus.UNAUTHORIZED) from None
        return StreamingResponse(stream(request, first), media_type="text/event-stream")

    return endpoint
