"""The console as one ASGI application, made of parts that are handed in."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from serinus.console.headers import SecurityHeaders
from serinus.console.page import Desk
from serinus.console.parts import Parts
from serinus.console.refusals import Refusals
from serinus.console.routes import (
    acts,
    answers,
    apps,
    assets,
    audit,
    calls,
    charts,
    incidents,
    live,
    monitors,
    overview,
    releases,
    review,
    sign_in,
    start,
    versions,
)
from serinus.core.errors import SerinusError

_NOUNS = (
    assets,
    sign_in,
    overview,
    apps,
    versions,
    start,
    releases,
    review,
    charts,
    incidents,
    monitors,
    answers,
    live,
    acts,
    calls,
    audit,
)


def create_console(parts: Parts) -> ASGIApp:
    """The application for everything that is not the API. Views run in the thread pool."""
    desk = Desk(parts)
    refusals = Refusals(desk)
    app = Starlette(
        routes=[route for noun in _NOUNS for route in noun.routes(desk)],
        exception_handlers={
            SerinusError: refusals.refused,
            HTTPException: refusals.no_page,
            Exception: refusals.unforeseen,
        },
    )
    # Outermost: what nobody foresaw is answered outside of Starlette's own middleware.
    return SecurityHeaders(app)
