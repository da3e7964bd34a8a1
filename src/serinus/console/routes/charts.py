"""Charts of a release: a specification for the browser to draw, or a picture drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.charts.series import shape
from serinus.console.charts.spec import Theme, spec
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.core.access import Operation

_PICTURE_WIDTH = 520
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/releases/{id}/charts/{name}.json` and `.svg`, with `?theme=light|dark`."""

    source = desk.charts

    def document(request: Request, _: Visitor) -> Response:
        found = source.drawn(request.path_params["id"])
        drawn = found.series(request.path_params["name"])
        told = {
            "spec": spec(drawn, found.marks, _theme(request), "container"),
            "rows": drawn.rows,
            "shape": f"{shape(drawn)} {len(found.marks)}",
            "subtitle": drawn.subtitle,
            "summary": drawn.summary,
        }
        return Response(msgspec.json.encode(told), media_type="application/json")

    def picture(request: Request, _: Visitor) -> Response:
        found = source.drawn(request.path_params["id"])
        drawn = found.series(request.path_params["name"])
        svg = desk.parts.drawing.svg(spec(drawn, found.marks, _theme(request), _PICTURE_WIDTH))
        if svg is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE)
        # A picture brings its own styles, and nothing else may come with it.
        return Response(svg, media_type="image/svg+xml", headers={"content-security-policy": _SVG_POLICY})

    return [
        Route("/releases/{id}/charts/{name}.json", desk.view(Operation.VIEW, document)),
        Route("/releases/{id}/charts/{name}.svg", desk.view(Operation.VIEW, picture)),
    ]


def _theme(request: Request) -> Theme:
    return "dark" if request.query_params.get("theme") == "dark" else "light"
