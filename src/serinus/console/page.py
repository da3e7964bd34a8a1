"""Pages: templates that escape everything, and the endpoints that fill them for a signed-in visitor."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any
from urllib.parse import quote

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from serinus import __version__
from serinus.console.charts.source import ChartSource
from serinus.console.done import DONE
from serinus.console.form import TOKEN, Form, read_form, refuse_foreign
from serinus.console.parts import Parts
from serinus.console.visitor import Reception, Visitor, theme_of
from serinus.console.words import FILTERS, visible
from serinus.core.access import Operation, authorise

Endpoint = Callable[[Request], Awaitable[Response]]
View = Callable[[Request, Visitor], Response]
Act = Callable[[Request, Visitor, Form], Response]


def templates() -> jinja2.Environment:
    """The console's templates. Whatever they print is escaped, and its control characters are made visible."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("serinus.console"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=visible,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(product_version=__version__, asset=_asset_url())
    return environment


def _asset_url() -> Callable[[str], str]:
    """Gives a file's address with a digest of its content, so that browsers keep it for ever."""
    folder = resources.files("serinus.console") / "static"
    stamps = {one.name: hashlib.sha256(one.read_bytes()).hexdigest()[:12] for one in folder.iterdir()}
    return lambda name: f"/static/{name}?v={stamps[name]}"


class Desk:
    """Renders pages and guards them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.reception = Reception(parts)
        self.charts = ChartSource(parts)
        self._templates = templates()

    def html(self, request: Request, name: str, visitor: Visitor | None, **values: Any) -> str:
        """A template, filled."""
        shared = {
            "visitor": visitor,
            "theme": theme_of(request),
            "path": request.url.path,
            "address": _address(request),
            "flash": DONE.get(request.query_params.get("done", ""), ""),
            "now_us": self.parts.clock.now_us(),
        }
        return self._templates.get_template(name).render({**shared, **values})

    def page(
        self, request: Request, name: str, visitor: Visitor | None, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A whole page."""
        return HTMLResponse(self.html(request, name, visitor, **values), status)

    def view(self, operation: Operation, view: View) -> Endpoint:
        """The endpoint of a page for those who may do `operation`. Runs in the thread pool."""

        def answer(request: Request) -> Response:
            visitor = self.reception.visitor(request)
            if visitor is None:
                return self.to_sign_in(request)
            authorise(visitor.key.roles, operation)
            return view(request, visitor)

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return endpoint

    def act(self, operation: Operation | None, act: Act) -> Endpoint:
        """The endpoint of a form: as `view`, and only for forms of this session. None: whoever is signed in."""

        def answer(request: Request, form: Form) -> Response:
            refuse_foreign(request)
            visitor = self.reception.visitor(request)
            if visitor is None:
                return self.to_sign_in(request)
            self.reception.check_token(visitor.session, form.text(TOKEN))
            if operation is not None:
                authorise(visitor.key.roles, operation)
            return act(request, visitor, form)

        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request, await read_form(request))

        return endpoint

    def to_sign_in(self, request: Request) -> Response:
        """To the sign-in page, and back to this one afterwards. A link followed from elsewhere comes without cookies
        (they are SameSite=Strict), so that one goes round once more before anybody is asked to sign in."""
        if request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site":
            return self.page(request, "bounce.html", None)
        target = _address(request) if request.method == "GET" else "/"
        return RedirectResponse(f"/login?next={quote(target, safe='/')}", 303)


def local_path(text: str) -> str:
    """`text` if it is a path of this console, else the overview: nobody is sent elsewhere after signing in."""
    inside = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if inside else "/"


def _address(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
