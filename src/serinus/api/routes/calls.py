"""Routes of the call log: search, show, export."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, BinaryIO, Literal

import msgspec
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from serinus.api.call_query import Asked, behind, cursor
from serinus.api.guard import Guard
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.call import RUNGS, CallView, FallbacksView
from serinus.control.lookup import app_of
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput, NotFound, StoreUnavailable
from serinus.core.records import call_id
from serinus.core.records.call import Call
from serinus.ports.control_store import ApiKey, Page
from serinus.ports.event_log import CallQuery, CallSearch, ExportFormat

_CHUNK_BYTES = 256 * 1024
_MEDIA: dict[ExportFormat, str] = {"jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}
_AWAY = documented(HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_FILE = {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in _MEDIA.values()}}


def routes(parts: Parts) -> APIRouter:
    """The routes under `/calls`."""
    router = APIRouter(prefix="/calls", tags=["calls"], responses=_AWAY)
    may_view = Guard(parts.control, Operation.VIEW_CALLS)
    may_see = Guard(parts.control, Operation.VIEW)
    may_export = Guard(parts.control, Operation.EXPORT_CALLS)

    @router.get("", operation_id="list_calls")
    def list_calls(
        _: Annotated[ApiKey, Depends(may_view)],
        asked: Annotated[Asked, Depends()],
        at: Annotated[Page, Depends(page)],
        order: Annotated[
            Literal["newest", "worst"],
            Query(description="`worst`: shadow calls by how much worse they were than the user's; one page."),
        ] = "newest",
    ) -> Listing[CallView]:
        """Calls, newest first, with what was said of them. A call is there some seconds after it ended."""
        log = call_log(parts)
        with parts.control.tx() as tx:
            query = asked.calls(tx)
        if order == "worst":
            return Listing(items=_views(log, _worst(log, query, at)))
        found = log.calls(msgspec.structs.replace(query, before=behind(at), limit=at.limit + 1))
        shown = found[: at.limit]
        following = cursor(shown[-1].at_us, shown[-1].call) if len(found) > at.limit else ""
        return Listing(items=_views(log, shown), next_cursor=following)

    @router.get("/fallbacks", operation_id="count_fallbacks")
    def count_fallbacks(
        _: Annotated[ApiKey, Depends(may_see)],
        app: Annotated[str, Query(max_length=100, description="Of this app.")],
        hours: Annotated[int, Query(ge=1, le=720, description="That ended within so many hours.")] = 24,
    ) -> FallbacksView:
        """How many calls each rung of the fallback ladder answered. A call is there seconds after it ended."""
        with parts.control.tx() as tx:
            app_of(tx, app)
        now_us = parts.clock.now_us()
        found = call_log(parts).rungs(app, now_us - hours * 3_600_000_000, now_us + 1)
        return FallbacksView(app=app, hours=hours, calls={rung: found.get(rung, 0) for rung in RUNGS})

    @router.get(
        "/export",
        operation_id="export_calls",
        response_class=StreamingResponse,
        responses={200: {"description": "The rows, in order of time.", **_FILE}},
    )
    def export_calls(
        _: Annotated[ApiKey, Depends(may_export)],
        asked: Annotated[Asked, Depends()],
        format: Annotated[ExportFormat, Query(description="JSON lines or Parquet.")] = "jsonl",
        table: Annotated[Literal["calls", "scores"], Query(description="Calls, or what was said of them.")] = "calls",
    ) -> StreamingResponse:
        """All calls of a query, or all scores, as a file. It is made before the first byte is sent, so it is whole."""
        log = call_log(parts)
        with parts.control.tx() as tx:
            query = asked.calls(tx) if table == "calls" else asked.scores(tx)
        file = log.export(query, format)
        headers = {
            "content-length": str(file.seek(0, 2)),
            "content-disposition": f'attachment; filename="{table}.{format}"',
        }
        file.seek(0)
        return StreamingResponse(file_chunks(file), media_type=_MEDIA[format], headers=headers)

    @router.get("/{id}", operation_id="get_call", responses=documented(HTTPStatus.NOT_FOUND))
    def get_call(id: str, _: Annotated[ApiKey, Depends(may_view)]) -> CallView:
        """One call by its id, which is the `x-request-id` of the answer, with what was said of it."""
        log = call_log(parts)
        begun_us = call_id.parse(call_id.raw_of(id)).at_ms * 1000
        found = log.calls(CallQuery(call=id, from_us=begun_us, limit=1))
        if not found:
            raise NotFound("no such call", where="call_id", mend="a call is there some seconds after it ended")
        return _views(log, found)[0]

    return router


def call_log(parts: Parts) -> CallSearch:
    """The call log; StoreUnavailable where it cannot be read."""
    if parts.calls is None:
        raise StoreUnavailable(
            "this control process does not know where the call log is",
            where="calls",
            mend="start it with --segments, the folder that the gateway's --segments names",
        )
    return parts.calls


def _worst(log: CallSearch, query: CallQuery, at: Page) -> list[Call]:
    """The disagreements to look at first."""
    if at.cursor:
        raise InvalidInput("the worst calls are one page", where="cursor", mend="leave it out, and raise `limit`")
    if query.worse is False:
        raise InvalidInput(
            "calls that were not worse have no worst", where="worse", mend="leave out `worse` or `order`"
        )
    return log.calls(msgspec.structs.replace(query, worse=True, worst_first=True, limit=at.limit))


def _views(log: CallSearch, calls: list[Call]) -> list[CallView]:
    if not calls:
        return []
    scores = log.scores([call.call for call in calls], {call.conversation for call in calls})
    return [CallView.of(call, scores) for call in calls]


def file_chunks(file: BinaryIO) -> Iterator[bytes]:
    """All of a file, which is closed at its end."""
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
