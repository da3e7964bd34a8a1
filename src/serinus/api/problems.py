"""Errors on the wire: RFC 9457 problem documents with a stable `code`, and the one map from error to status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from serinus.core.errors import (
    Conflict,
    Contended,
    Deposed,
    Forbidden,
    FormatError,
    InvalidInput,
    NotFound,
    QueryLimit,
    SerinusError,
    StoreUnavailable,
    Unauthenticated,
)

MEDIA_TYPE = "application/problem+json"


class TooLarge(SerinusError):
    """A request body above the limit."""

    code = "too_large"


class KeyReused(InvalidInput):
    """An idempotency key that was used for another request."""

    code = "idempotency_key_reused"


# A subclass has the status of its nearest ancestor here; `SerinusError` itself is never raised.
STATUS: dict[type[SerinusError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Contended: HTTPStatus.SERVICE_UNAVAILABLE,
    Deposed: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    QueryLimit: HTTPStatus.GATEWAY_TIMEOUT,
    FormatError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Problem(BaseModel):
    """A refusal or failure. Clients act on `code`; people read the rest."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(default="about:blank", description="Always `about:blank`: `code` tells the kinds apart.")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable and machine-readable: `conflict`, `not_found`, …")
    detail: str = Field(description="What is wrong.")
    where: str = Field(default="", description="The field, id or line it was found at.")
    mend: str = Field(default="", description="The next thing to do.")
    problems: list[dict[str, str]] = Field(default=[], description="Every fault, where there are several.")


SCHEMA: dict[str, Any] = {Problem.__name__: Problem.model_json_schema()}
"""Of the document's components."""


def status_of(error: type[SerinusError]) -> HTTPStatus:
    """The HTTP status of an error class: its own or its nearest ancestor's; 500 for what is not meant to come here."""
    return next((STATUS[one] for one in error.__mro__ if one in STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def answer(error: SerinusError) -> JSONResponse:
    """The problem document of an error."""
    status = status_of(type(error))
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = "1"
    return _document(status, error.code, error.what, error.where, error.mend, headers=headers)


def install(app: FastAPI) -> None:
    """Make every error of this application a problem document."""
    app.add_exception_handler(SerinusError, _serinus_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)


def _document(
    status: HTTPStatus,
    code: str,
    detail: str,
    where: str = "",
    mend: str = "",
    *,
    problems: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    problem = Problem(
        title=status.phrase, status=status, code=code, detail=detail, where=where, mend=mend, problems=problems or []
    )
    return JSONResponse(problem.model_dump(), status, headers, MEDIA_TYPE)


async def _serinus_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SerinusError)
    if status_of(type(error)) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        structlog.get_logger().warning(
            "request failed", method=request.method, path=request.url.path, code=error.code, what=error.what
        )
    return answer(error)


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    """Only place and fault are told: what was sent may hold a secret."""
    assert isinstance(error, RequestValidationError)
    problems = [
        {"where": ".".join(str(part) for part in one["loc"]), "what": str(one["msg"])} for one in error.errors()
    ]
    first = problems[0] if problems else {"where": "body", "what": "malformed"}
    mend = "see /api/v1/openapi.json for the form"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _document(status, InvalidInput.code, first["what"], first["where"], mend, problems=problems)


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = status.name.lower()
    return _document(status, code, status.phrase, mend="see /api/v1/openapi.json", headers=dict(error.headers or {}))


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    """The edge of the process: what nobody foresaw is logged by its kind and told as nothing but a failure."""
    structlog.get_logger().error(
        "unforeseen error", method=request.method, path=request.url.path, kind=type(error).__name__
    )
    return _document(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "something failed that was not foreseen", mend="look into the log"
    )


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entry of the problems that a route may answer with; the document has to hold `SCHEMA`."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        int(status): {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses
    }
