"""The API as one ASGI application, made of parts that are handed in."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI

from serinus import __version__
from serinus.api import problems
from serinus.api.body_limit import BodyLimit
from serinus.api.parts import Parts
from serinus.api.routes import (
    answers,
    apps,
    audit,
    calls,
    comparisons,
    costs,
    endpoints,
    forecast,
    freezes,
    health,
    hosts,
    incidents,
    judging,
    keys,
    monitors,
    notices,
    releases,
    reports,
    stages,
    suites,
    suspicions,
    texts,
    versions,
)
from serinus.core.ids import IdSource
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.event_log import CallSearch
from serinus.ports.monitors import Probe
from serinus.ports.payloads import Payloads
from serinus.ports.signatures import NoCheck, SignatureCheck
from serinus.ports.telemetry_store import TelemetryStore

PREFIX = "/api/v1"
_DESCRIPTION = """Release engineering for prompts and models.

Every request but `GET /health` carries `Authorization: Bearer <key>`. Refusals are problem documents
(`application/problem+json`) with a stable `code`. A POST with an `Idempotency-Key` is done once within 24 hours.
Listings are pages: `{items, next_cursor}`. Shares are in [0, 1], times RFC 3339 in UTC."""


_NOUNS = (
    apps, versions, comparisons, endpoints, forecast, releases, reports, stages, hosts, audit, keys, notices, calls,
    suites, monitors, judging, texts, costs, freezes,
    suspicions, answers, incidents,
)  # fmt: skip


class Described(FastAPI):
    """An application whose description holds what no route names as its model."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document = super().openapi()
        document["components"]["schemas"] |= problems.SCHEMA
        return document


def create_app(
    control: ControlStore,
    telemetry: TelemetryStore,
    clock: Clock,
    ids: IdSource,
    random_bytes: Callable[[int], bytes],
    wake: Callable[[], None],
    log: CallSearch | None = None,
    signatures: SignatureCheck | None = None,
    probe: Probe | None = None,
    report: Callable[[str], str] | None = None,
    payloads: Payloads | None = None,
) -> FastAPI:
    """The application under `/api/v1`, with its description at `/api/v1/openapi.json`.

    `wake` is called after every change; it must return at once. `log` is the call log, None where it cannot be read.
    `signatures` checks signatures of versions; without it none is accepted. `probe` reads monitors on trial. `report`
    renders evidence packs as HTML. `payloads` are kept texts. Routes run in the thread pool.
    """
    parts = Parts(
        control=control,
        telemetry=telemetry,
        clock=clock,
        ids=ids,
        random_bytes=random_bytes,
        wake=wake,
        calls=log,
        signatures=signatures or NoCheck(),
        probe=probe,
        report=report,
        payloads=payloads,
    )
    app = Described(
        title="Serinus",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its page would load scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    app.add_middleware(BodyLimit)
    api = APIRouter(
        prefix=PREFIX,
        responses=problems.documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    for noun in _NOUNS:
        api.include_router(noun.routes(parts))
    app.include_router(api)
    app.include_router(health.routes(parts), prefix=PREFIX)
    return app
