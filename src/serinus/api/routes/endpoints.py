"""Routes of endpoints: the upstreams that versions name."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.app import EndpointBody, EndpointView
from serinus.control.configure_endpoint import configure_endpoint
from serinus.core.access import Operation
from serinus.core.errors import NotFound
from serinus.ports.control_store import ApiKey, ControlStore

_Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


def routes(parts: Parts) -> APIRouter:
    """The routes under `/endpoints`."""
    router = APIRouter(prefix="/endpoints", tags=["endpoints"])
    may_view = Guard(parts.control, Operation.VIEW)
    may_configure = Guard(parts.control, Operation.CONFIGURE_ENDPOINT)
    request_once = once(parts)

    @router.get("", operation_id="list_endpoints")
    def list_endpoints(_: Annotated[ApiKey, Depends(may_view)]) -> Listing[EndpointView]:
        """All endpoints, in order of name; always one page."""
        with parts.control.tx() as tx:
            found = sorted(tx.endpoints(), key=lambda endpoint: endpoint.name)
        return Listing(items=[EndpointView.of(endpoint) for endpoint in found])

    @router.get("/{endpoint}", operation_id="get_endpoint", responses=documented(HTTPStatus.NOT_FOUND))
    def get_endpoint(endpoint: _Name, _: Annotated[ApiKey, Depends(may_view)]) -> EndpointView:
        """One endpoint."""
        with parts.control.tx() as tx:
            found = {known.name: known for known in tx.endpoints()}
        if endpoint not in found:
            known = ", ".join(sorted(found)) or "none yet"
            raise NotFound(f"no endpoint {endpoint!r}", where="endpoint", mend=f"known: {known}")
        return EndpointView.of(found[endpoint])

    @router.put("/{endpoint}", operation_id="configure_endpoint", response_model=EndpointView)
    def put_endpoint(
        endpoint: _Name,
        body: EndpointBody,
        key: Annotated[ApiKey, Depends(may_configure)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Declare an endpoint or change it; gateways follow at once."""

        def work(store: ControlStore, actor: str) -> tuple[int, EndpointView]:
            done = configure_endpoint(store, parts.clock.now_us(), actor, body.endpoint(endpoint))
            return 200, EndpointView.of(done)

        return request.do(key, work)

    return router
