"""The overview."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.overview_view import overview_view
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.core.access import Operation


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/`."""

    def overview(request: Request, visitor: Visitor) -> Response:
        return desk.page(request, "overview.html", visitor, view=overview_view(desk.parts, visitor))

    return [Route("/", desk.view(Operation.VIEW, overview))]
