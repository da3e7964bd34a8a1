"""The route of evidence packs."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from serinus.api.guard import Guard
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.control.report_release import report_release
from serinus.core.access import Operation
from serinus.core.errors import StoreUnavailable
from serinus.ports.control_store import ApiKey

_MEDIA = {"json": "application/json", "html": "text/html; charset=utf-8"}
_FILE = {"content": {"application/json": {"schema": {"type": "object"}}, "text/html": {"schema": {"type": "string"}}}}


def routes(parts: Parts) -> APIRouter:
    """`/releases/{id}/report`."""
    router = APIRouter(prefix="/releases", tags=["releases"])
    may_view = Guard(parts.control, Operation.VIEW_AUDIT)

    @router.get(
        "/{id}/report",
        operation_id="report_release",
        response_class=Response,
        responses={
            200: {"description": "The pack.", **_FILE},
            **documented(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        },
    )
    def get_report(
        id: str,
        _: Annotated[ApiKey, Depends(may_view)],
        format: Annotated[Literal["json", "html"], Query(description="For programs or for people.")] = "json",
    ) -> Response:
        """The evidence pack of a release: versions and what differs, measured stages, approvals, the arms, each
        entry of its trail with the evidence, and every decision decided anew. As HTML it is one file that needs
        nothing else, and holds the JSON too."""
        if format == "html":
            if parts.report is None:
                raise StoreUnavailable("nothing here draws pages", where="format", mend="ask for format=json")
            return Response(parts.report(id), media_type=_MEDIA[format])
        pack = report_release(parts.control, parts.telemetry, parts.clock.now_us(), id)
        return Response(pack.encoded(), media_type=_MEDIA[format])

    return router
