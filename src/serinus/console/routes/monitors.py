"""The page of an app's monitors, and their charts."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.charts.series import Series, shape
from serinus.console.charts.spec import Theme, spec
from serinus.console.monitor_view import monitor_cards, monitor_chart
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.core.access import Operation

_PICTURE_WIDTH = 520
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/apps/{app}/monitors`, and `/apps/{app}/monitors/{monitor}/chart.json` and `.svg`."""

    def show(request: Request, visitor: Visitor) -> Response:
        app = request.path_params["app"]
        with desk.parts.control.tx() as tx:
            cards = monitor_cards(tx, app, desk.parts.clock.now_us())
        return desk.page(request, "monitors.html", visitor, app=app, cards=cards)

    def read(request: Request) -> Series:
        with desk.parts.control.tx() as tx:
            return monitor_chart(tx, request.path_params["app"], request.path_params["monitor"])

    def document(request: Request, _: Visitor) -> Response:
        drawn = read(request)
        told = {
            "spec": spec(drawn, (), _theme(request), "container"),
            "rows": drawn.rows,
            "shape": shape(drawn),
            "subtitle": drawn.subtitle,
            "summary": drawn.summary,
        }
        return Response(msgspec.json.encode(told), media_type="application/json")

    def picture(request: Request, _: Visitor) -> Response:
        svg = desk.parts.drawing.svg(spec(read(request), (), _theme(request), _PICTURE_WIDTH))
        if svg is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE)
        return Response(svg, media_type="image/svg+xml", headers={"content-security-policy": _SVG_POLICY})

    return [
        Route("/apps/{app}/monitors", desk.view(Operation.VIEW, show)),
        Route("/apps/{app}/monitors/{monitor}/chart.json", desk.view(Operation.VIEW, document)),
        Route("/apps/{app}/monitors/{monitor}/chart.svg", desk.view(Operation.VIEW, picture)),
    ]


def _theme(request: Request) -> Theme:
    return "dark" if request.query_params.get("theme") == "dark" else "light"
