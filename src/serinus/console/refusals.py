"""Errors as pages: what is wrong, where, and what to do next."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from serinus.console.page import Desk
from serinus.core.errors import SerinusError, StoreUnavailable


class Refusals:
    """The exception handlers of the console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def refused(self, request: Request, error: Exception) -> Response:
        """A refusal of the product, in its own words."""
        assert isinstance(error, SerinusError)
        status = self._desk.parts.status_of(type(error))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            structlog.get_logger().warning("page failed", path=request.url.path, code=error.code, what=error.what)
        return self._page(request, status, error.what, error.where, error.mend, error.code)

    def no_page(self, request: Request, error: Exception) -> Response:
        """What the router refuses."""
        assert isinstance(error, HTTPException)
        status = HTTPStatus(error.status_code)
        what = "there is no such page" if status == HTTPStatus.NOT_FOUND else status.phrase.lower()
        return self._page(request, status, what, "", "go to the overview", status.name.lower())

    def unforeseen(self, request: Request, error: Exception) -> Response:
        """The edge of the process: logged by its kind, told as nothing but a failure."""
        structlog.get_logger().error("unforeseen error", path=request.url.path, kind=type(error).__name__)
        what = "something failed that was not foreseen"
        return self._page(request, HTTPStatus.INTERNAL_SERVER_ERROR, what, "", "look into the log", "internal")

    def _page(self, request: Request, status: HTTPStatus, what: str, where: str, mend: str, code: str) -> Response:
        try:
            visitor = self._desk.reception.visitor(request)
        except StoreUnavailable:
            visitor = None
        return self._desk.page(
            request, "refusal.html", visitor,
            status=status, what=what, where=where, mend=mend, code=code, title=status.phrase,
        )  # fmt: skip
