"""The page of an app's cached answers."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.control.lookup import app_of
from serinus.control.name_versions import name_versions
from serinus.core.access import Operation
from serinus.core.errors import QueryLimit, StoreUnavailable
from serinus.ports.control_store import Page

SHOWN = 50


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/apps/{app}/cached-answers`."""

    def show(request: Request, visitor: Visitor) -> Response:
        name, cursor = request.path_params["app"], request.query_params.get("cursor", "")
        with desk.parts.control.tx() as tx:
            state = app_of(tx, name)
            found, following = tx.stored_answers(Page(cursor=cursor, limit=SHOWN), name)
            waiting = tx.count_proposals(name)
            names = name_versions(tx, [(name, one.version) for one in found])
        day_us = desk.parts.clock.now_us() - 24 * 3_600_000_000
        return desk.page(
            request, "cached_answers.html", visitor,
            app=name, config=state.config, live=state.live, found=found, following=following, waiting=waiting,
            names=names, rungs=_rungs(desk, name, day_us),
        )  # fmt: skip

    return [Route("/apps/{app}/cached-answers", desk.view(Operation.VIEW_ANSWERS, show))]


def _rungs(desk: Desk, app: str, from_us: int) -> dict[str, int]:
    """Calls since then by who answered them, without those that were answered as asked; empty where nobody knows."""
    if desk.parts.calls is None:
        return {}
    try:
        found = desk.parts.calls.rungs(app, from_us, desk.parts.clock.now_us() + 1)
    except (QueryLimit, StoreUnavailable):
        return {}
    return {rung: calls for rung, calls in found.items() if rung != "none"}
