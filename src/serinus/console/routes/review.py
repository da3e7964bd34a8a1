"""The page of a review: all that somebody needs to sign for a release or to refuse it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.once import fresh_number
from serinus.console.page import Desk
from serinus.console.release_acts import roles_to_sign
from serinus.console.review_view import review_view
from serinus.console.visitor import Visitor
from serinus.core.access import Operation


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/releases/{id}/review`. Its form is sent to the acts `approve` and `reject`."""

    def show(request: Request, visitor: Visitor) -> Response:
        review = review_view(desk.parts, visitor, request.path_params["id"])
        return desk.page(
            request, "review.html", visitor,
            review=review, view=review.view, release=review.view.release, app=review.view.release.app,
            forecast=review.forecast, roles=roles_to_sign(review.view, visitor), once=fresh_number(desk.parts),
            fault=None, reason="",
        )  # fmt: skip

    return [Route("/releases/{id}/review", desk.view(Operation.VIEW, show))]
