"""The page of an incident, and the list of all."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.incident_view import TONES, incident_view
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.core.access import Operation
from serinus.core.release.incident_duty import lacking
from serinus.ports.control_store import Page

LIMIT = 50


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/incidents` and `/incidents/{id}`."""

    def listing(request: Request, visitor: Visitor) -> Response:
        asked = request.query_params
        app, is_open = asked.get("app", ""), asked.get("open", "") == "yes"
        with desk.parts.control.tx() as tx:
            found, following = tx.incidents(Page(cursor=asked.get("cursor", ""), limit=LIMIT), app or None, is_open)
            apps = sorted(one.config.name for one in tx.apps())
        return desk.page(
            request, "incidents.html", visitor,
            found=[(one, lacking(one) if one.open else ()) for one in found], following=following, apps=apps, app=app,
            is_open=is_open, tones=TONES,
        )  # fmt: skip

    def show(request: Request, visitor: Visitor) -> Response:
        view = incident_view(desk, request.path_params["id"], visitor)
        return desk.page(request, "incident.html", visitor, view=view)

    return [
        Route("/incidents", desk.view(Operation.VIEW, listing)),
        Route("/incidents/{id}", desk.view(Operation.VIEW, show)),
    ]
