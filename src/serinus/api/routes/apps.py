"""Routes of apps: declare, show, make the first version live, pin."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.acts import ReasonBody, VersionReasonBody
from serinus.api.schemas.app import AppBody, AppView
from serinus.control.clear_override import clear_override
from serinus.control.configure_app import configure_app
from serinus.control.lookup import app_of
from serinus.control.make_live import make_live
from serinus.control.name_versions import name_versions
from serinus.control.set_override import set_override
from serinus.core.access import Operation
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.pipeline.monitor import SqlSource
from serinus.ports.control_store import ApiKey, ControlStore, ControlTx


def routes(parts: Parts) -> APIRouter:
    """The routes under `/apps`."""
    router = APIRouter(prefix="/apps", tags=["apps"], responses=documented(HTTPStatus.NOT_FOUND))
    may_view = Guard(parts.control, Operation.VIEW)
    may_configure = Guard(parts.control, Operation.CONFIGURE_APP)
    may_make_live = Guard(parts.control, Operation.MAKE_LIVE)
    may_set = Guard(parts.control, Operation.SET_OVERRIDE)
    may_clear = Guard(parts.control, Operation.CLEAR_OVERRIDE)
    request_once = once(parts)

    @router.get("", operation_id="list_apps")
    def list_apps(_: Annotated[ApiKey, Depends(may_view)]) -> Listing[AppView]:
        """All apps, in order of name; always one page."""
        with parts.control.tx() as tx:
            states = sorted(tx.apps(), key=lambda state: state.config.name)
            return Listing(items=[_view(tx, state) for state in states])

    @router.get("/{app}", operation_id="get_app")
    def get_app(app: str, _: Annotated[ApiKey, Depends(may_view)]) -> AppView:
        """One app: what is declared, what is live, its override and its release."""
        with parts.control.tx() as tx:
            return _view(tx, app_of(tx, app))

    @router.put("/{app}", operation_id="configure_app", response_model=AppView)
    def put_app(
        app: str,
        body: AppBody,
        key: Annotated[ApiKey, Depends(may_configure)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Declare an app or change it. A running release keeps the plan that it started with."""
        config = body.config(app)
        _check_queries(parts, config)

        def work(store: ControlStore, actor: str) -> tuple[int, AppView]:
            return 200, _shown(store, configure_app(store, parts.clock.now_us(), actor, config))

        return request.do(key, work)

    @router.post(
        "/{app}/live",
        operation_id="make_live",
        response_model=AppView,
        responses=documented(HTTPStatus.CONFLICT),
    )
    def post_live(
        app: str,
        body: VersionReasonBody,
        key: Annotated[ApiKey, Depends(may_make_live)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Make the first version of an app live. Later ones go through a release: 409."""

        def work(store: ControlStore, actor: str) -> tuple[int, AppView]:
            state = make_live(store, parts.clock.now_us(), actor, app, body.version, body.reason)
            return 200, _shown(store, state)

        return request.do(key, work)

    @router.put(
        "/{app}/override",
        operation_id="set_override",
        response_model=AppView,
        responses=documented(HTTPStatus.CONFLICT),
    )
    def put_override(
        app: str,
        body: VersionReasonBody,
        key: Annotated[ApiKey, Depends(may_set)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Pin all traffic of an app to a version that was live before, at once."""

        def work(store: ControlStore, actor: str) -> tuple[int, AppView]:
            state = set_override(store, parts.clock.now_us(), actor, app, body.version, body.reason)
            return 200, _shown(store, state)

        return request.do(key, work)

    @router.delete("/{app}/override", operation_id="clear_override", response_model=AppView)
    def delete_override(
        app: str,
        key: Annotated[ApiKey, Depends(may_clear)],
        request: Annotated[Once, Depends(request_once)],
        body: ReasonBody | None = None,
    ) -> Response:
        """Take the pin off."""
        reason = body.reason if body else ""

        def work(store: ControlStore, actor: str) -> tuple[int, AppView]:
            return 200, _shown(store, clear_override(store, parts.clock.now_us(), actor, app, reason))

        return request.do(key, work)

    return router


def _check_queries(parts: Parts, config: AppConfig) -> None:
    """Refuse SQL that no monitor may ask: core cannot read it."""
    for i, monitor in enumerate(config.plan.monitors if config.plan and parts.probe else ()):
        if isinstance(monitor.source, SqlSource) and parts.probe:
            parts.probe.check_query(f"app.plan.monitors[{i}].source.query", monitor.source.query)


def _shown(store: ControlStore, state: AppState) -> AppView:
    with store.tx() as tx:
        return _view(tx, state)


def _view(tx: ControlTx, state: AppState) -> AppView:
    names = name_versions(tx, [(state.config.name, digest) for digest in (state.live, state.override)])
    release = next((active.id for active in tx.active_releases() if active.app == state.config.name), None)
    return AppView.of(state, names, release)
