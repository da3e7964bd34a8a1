"""The route of live judges: how they stand."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from serinus.api.guard import Guard
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.live_judge import JudgingView
from serinus.control.read_judging import read_judging
from serinus.core.access import Operation
from serinus.ports.control_store import ApiKey


def routes(parts: Parts) -> APIRouter:
    """`/apps/{app}/judging`."""
    router = APIRouter(prefix="/apps/{app}/judging", tags=["judges"], responses=documented(HTTPStatus.NOT_FOUND))
    may_view = Guard(parts.control, Operation.VIEW)

    @router.get("", operation_id="list_judging")
    def list_judging(app: str, _: Annotated[ApiKey, Depends(may_view)]) -> Listing[JudgingView]:
        """All live judges of an app: what they judged, what waits and for how long, what it cost; always one page."""
        found = read_judging(parts.control, parts.telemetry, app, parts.clock.now_us())
        return Listing(items=[JudgingView.of(one) for one in found])

    return router
