"""Sign in with a key, sign out, and choose light or dark."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from serinus.console.form import TOKEN, Form, read_form, refuse_foreign
from serinus.console.page import Desk, local_path
from serinus.console.session import Session
from serinus.console.visitor import THEME_COOKIE, THEMES
from serinus.core.errors import Unauthenticated

_YEAR_S = 365 * 86400


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/login`, `/logout`, `/theme`."""

    async def ask(request: Request) -> Response:
        return await run_in_threadpool(_ask, desk, request)

    async def sign_in(request: Request) -> Response:
        return await run_in_threadpool(_sign_in, desk, request, await read_form(request))

    async def theme(request: Request) -> Response:
        return await run_in_threadpool(_theme, desk, request, await read_form(request))

    def sign_out(_request: Request, _visitor: object, _form: Form) -> Response:
        response = RedirectResponse("/login", 303)
        desk.reception.forget(response)
        return response

    return [
        Route("/login", ask, methods=["GET"]),
        Route("/login", sign_in, methods=["POST"]),
        Route("/logout", desk.act(None, sign_out), methods=["POST"]),
        Route("/theme", theme, methods=["POST"]),
    ]


def _ask(desk: Desk, request: Request) -> Response:
    target = local_path(request.query_params.get("next", "/"))
    if desk.reception.visitor(request) is not None:
        return RedirectResponse(target, 303)
    known = desk.reception.session(request)
    session = known if known and not known.key else desk.reception.sessions.fresh(desk.parts.clock.now_us())
    response = _page(desk, request, session, target)
    desk.reception.remember(request, response, session)
    return response


def _sign_in(desk: Desk, request: Request, form: Form) -> Response:
    refuse_foreign(request)
    session = desk.reception.session(request)
    desk.reception.check_token(session, form.text(TOKEN))
    assert session is not None
    target = local_path(form.text("next"))
    try:
        opened = desk.reception.sign_in(form.text("key"))
    except Unauthenticated as error:
        return _page(desk, request, session, target, fault=error)
    response = RedirectResponse(target, 303)
    desk.reception.remember(request, response, opened)
    return response


def _page(
    desk: Desk, request: Request, session: Session, target: str, fault: Unauthenticated | None = None
) -> Response:
    token = desk.reception.sessions.token(session)
    status = 401 if fault else 200
    return desk.page(request, "login.html", None, status=status, token=token, target=target, fault=fault)


def _theme(desk: Desk, request: Request, form: Form) -> Response:
    """Also for those who have not signed in."""
    refuse_foreign(request)
    desk.reception.check_token(desk.reception.session(request), form.text(TOKEN))
    response = RedirectResponse(local_path(form.text("next")), 303)
    chosen = form.text("theme")
    response.set_cookie(
        THEME_COOKIE, chosen if chosen in THEMES else "auto", max_age=_YEAR_S, httponly=True, samesite="strict"
    )
    return response
