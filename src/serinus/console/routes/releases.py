"""The page of a release, and the list of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.comparison import shortened
from serinus.console.page import Desk
from serinus.console.plan_words import guardrail_words, limit_words
from serinus.console.release_acts import possible_acts
from serinus.console.release_view import ReleaseView, release_view
from serinus.console.report import ReleaseReports
from serinus.console.visitor import Visitor
from serinus.control.compare_versions import Comparison, compare_versions
from serinus.control.name_versions import name_releases
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput, NotFound
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.ports.control_store import Page

LIMIT = 50


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/releases` and `/releases/{id}`."""

    def show(request: Request, visitor: Visitor) -> Response:
        view = release_view(desk.parts, request.path_params["id"])
        return desk.page(
            request,
            "release.html",
            visitor,
            charts=desk.charts.drawn(view.release.id).all(),
            comparison=_comparison(desk, view.release),
            **shown(view, visitor),
        )

    def listing(request: Request, visitor: Visitor) -> Response:
        asked = request.query_params
        states = _states(asked.get("state", ""))
        with desk.parts.control.tx() as tx:
            found, following = tx.releases(
                Page(cursor=asked.get("cursor", ""), limit=LIMIT), asked.get("app") or None, states
            )
            named = name_releases(tx, found)
            apps = sorted(app.config.name for app in tx.apps())
        return desk.page(
            request, "releases.html", visitor,
            releases=found, following=following, names=named, apps=apps, states=list(State),
            app=asked.get("app", ""), state=asked.get("state", ""),
        )  # fmt: skip

    def report(request: Request, visitor: Visitor) -> Response:
        id = request.path_params["id"]
        return Response(reports.html(id), media_type="text/html", headers=attached(f"{id}.html"))

    reports = ReleaseReports(desk.parts)
    return [
        Route("/releases", desk.view(Operation.VIEW, listing)),
        Route("/releases/{id}/report", desk.view(Operation.VIEW_AUDIT, report)),
        Route("/releases/{id}", desk.view(Operation.VIEW, show)),
    ]


def shown(view: ReleaseView, visitor: Visitor) -> dict[str, Any]:
    """What the templates of a release are filled with: the page, and the parts that are sent anew while it is open."""
    plan = view.release.plan
    return {
        "view": view,
        "acts": tuple(possible_acts(view, visitor)),
        "monitors": view.monitors,
        "app_name": view.release.app,
        "guardrails": {one.metric: guardrail_words(one) for one in plan.guardrails},
        "limits": [limit_words(one) for one in plan.limits],
    }


def attached(name: str) -> dict[str, str]:
    """The header that makes a browser keep an answer as a file."""
    return {"content-disposition": f'attachment; filename="{name}"'}


def _comparison(desk: Desk, release: Release) -> Comparison | None:
    """What the candidate changes; None where one of the two is not known (any more)."""
    try:
        return shortened(compare_versions(desk.parts.control, release.app, release.control, release.candidate))
    except (NotFound, InvalidInput):
        return None


def _states(text: str) -> list[State] | None:
    if not text:
        return None
    try:
        return [State(text)]
    except ValueError:
        raise InvalidInput(f"no state {text!r}", where="state", mend=f"known: {', '.join(State)}") from None
