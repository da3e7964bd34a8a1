"""Routes of suites and data sets: what the offline stages of an app's releases ask."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Response

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.suite import (
    DataSetBody,
    DataSetDetail,
    DataSetView,
    StoredDataSetView,
    StoredSuiteView,
    SuiteBody,
    SuiteView,
)
from serinus.control.lookup import app_of
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput, NotFound
from serinus.core.judging.suite import parse_suite
from serinus.evaluation.store_suite import store_data_set, store_suite
from serinus.ports.control_store import ApiKey, ControlStore

_Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the sorted canonical lines.")]


def routes(parts: Parts) -> APIRouter:
    """The routes under `/apps/{app}/suites` and `/apps/{app}/datasets`."""
    router = APIRouter(prefix="/apps/{app}", tags=["suites"], responses=documented(HTTPStatus.NOT_FOUND))
    _data_sets(router, parts)
    _suites(router, parts)
    return router


def _data_sets(router: APIRouter, parts: Parts) -> None:
    may_view = Guard(parts.control, Operation.VIEW)
    may_read = Guard(parts.control, Operation.VIEW_CALLS)  # cases may hold what users wrote
    may_store = Guard(parts.control, Operation.STORE_SUITE)
    request_once = once(parts)

    @router.get("/datasets", operation_id="list_data_sets")
    def list_data_sets(app: str, _: Annotated[ApiKey, Depends(may_view)]) -> Listing[DataSetView]:
        """The app's data sets, newest first, without their cases; always one page."""
        with parts.control.tx() as tx:
            app_of(tx, app)
            found = tx.data_sets(app)
        return Listing(items=[DataSetView.of(one) for one in found])

    @router.get("/datasets/{digest}", operation_id="get_data_set")
    def get_data_set(app: str, digest: _Digest, _: Annotated[ApiKey, Depends(may_read)]) -> DataSetDetail:
        """One data set with its cases."""
        with parts.control.tx() as tx:
            app_of(tx, app)
            found = tx.data_set(app, digest)
        if found is None:
            raise NotFound(f"{app} has no data set {digest[:12]}", where="digest", mend="list them, or store it")
        return DataSetDetail.of(found)

    @router.put("/datasets/{digest}", operation_id="store_data_set", response_model=StoredDataSetView)
    def put_data_set(
        app: str,
        digest: _Digest,
        body: DataSetBody,
        key: Annotated[ApiKey, Depends(may_store)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Store a data set under the digest of its lines. Storing it twice changes nothing."""

        def work(store: ControlStore, actor: str) -> tuple[int, StoredDataSetView]:
            made = store_data_set(store, parts.clock.now_us(), actor, app, digest, body.lines.encode())
            return 200, StoredDataSetView.of_put(*made)

        return request.do(key, work)


def _suites(router: APIRouter, parts: Parts) -> None:
    may_view = Guard(parts.control, Operation.VIEW)
    may_store = Guard(parts.control, Operation.STORE_SUITE)
    request_once = once(parts)

    @router.get("/suites", operation_id="list_suites")
    def list_suites(app: str, _: Annotated[ApiKey, Depends(may_view)]) -> Listing[SuiteView]:
        """The newest suite of each name, in order of name; always one page."""
        with parts.control.tx() as tx:
            app_of(tx, app)
            found = tx.suites(app)
        return Listing(items=[SuiteView.of(one) for one in found])

    @router.get("/suites/{suite}", operation_id="get_suite")
    def get_suite(app: str, suite: str, _: Annotated[ApiKey, Depends(may_view)]) -> SuiteView:
        """A suite: the newest of this name, or the one with this digest."""
        with parts.control.tx() as tx:
            app_of(tx, app)
            found = tx.suite(app, suite)
        if found is None:
            raise NotFound(f"{app} has no suite {suite!r}", where="suite", mend="list them, or store it")
        return SuiteView.of(found)

    @router.put("/suites/{suite}", operation_id="store_suite", response_model=StoredSuiteView)
    def put_suite(
        app: str,
        suite: str,
        body: SuiteBody,
        key: Annotated[ApiKey, Depends(may_store)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Store a suite under its name. Older contents stay; a stage takes the newest when it begins."""
        parsed = parse_suite(msgspec.json.encode(body.content))
        if parsed.name != suite:
            raise InvalidInput(f"the suite's own name is {parsed.name!r}", where="suite", mend="put it under that name")

        def work(store: ControlStore, actor: str) -> tuple[int, StoredSuiteView]:
            return 200, StoredSuiteView.of_put(*store_suite(store, parts.clock.now_us(), actor, app, parsed))

        return request.do(key, work)
