"""Routes that compare versions and keep signatures of them."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.routes.versions import content_description, raw_body
from serinus.api.schemas.comparison import ComparisonView, SignatureBody, SignatureView
from serinus.control.compare_versions import LIVE, compare_versions, find_drift
from serinus.control.sign_version import sign_version, verify_version
from serinus.core.access import Operation
from serinus.core.versions.content import parse_content
from serinus.ports.control_store import ApiKey, ControlStore

_REF = "Name, digest, its first 8 or more characters, or `live`."


def routes(parts: Parts) -> APIRouter:
    """The routes under `/apps/{app}`: `diff`, `drift`, `versions/{version}/signatures`."""
    router = APIRouter(
        prefix="/apps/{app}", tags=["versions"], responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    )
    may_view = Guard(parts.control, Operation.VIEW)
    may_sign = Guard(parts.control, Operation.SIGN_VERSION)
    request_once = once(parts)

    @router.get("/diff", operation_id="diff_versions")
    def get_diff(
        app: str,
        _: Annotated[ApiKey, Depends(may_view)],
        to: Annotated[str, Query(min_length=1, max_length=200, description=_REF)],
        from_: Annotated[str, Query(alias="from", min_length=1, max_length=200, description=_REF)] = LIVE,
    ) -> ComparisonView:
        """What leads from one version to another: prompts word by word, all else by field, and the type of release
        that it implies."""
        return ComparisonView.of(compare_versions(parts.control, app, from_, to))

    @router.post(
        "/drift",
        operation_id="find_drift",
        status_code=HTTPStatus.OK,
        openapi_extra={"requestBody": content_description()},
    )
    def post_drift(
        app: str, raw: Annotated[bytes, Depends(raw_body)], _: Annotated[ApiKey, Depends(may_view)]
    ) -> ComparisonView:
        """What leads from the live version to this content, such as that of a file in git. Changes nothing, so
        it needs no Idempotency-Key."""
        return ComparisonView.of(find_drift(parts.control, app, parse_content(raw)))

    @router.get("/versions/{version}/signatures", operation_id="list_signatures")
    def list_signatures(app: str, version: str, _: Annotated[ApiKey, Depends(may_view)]) -> Listing[SignatureView]:
        """A version's signatures, each checked now against the content as it is stored; always one page."""
        found = verify_version(parts.control, parts.signatures, app, version)
        return Listing(items=[SignatureView.of_verified(one) for one in found])

    @router.post(
        "/versions/{version}/signatures",
        operation_id="sign_version",
        response_model=SignatureView,
        status_code=HTTPStatus.CREATED,
        responses={200: {"model": SignatureView, "description": "This key had signed it already."}},
    )
    def post_signature(
        app: str,
        version: str,
        body: SignatureBody,
        key: Annotated[ApiKey, Depends(may_sign)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Keep an Ed25519 signature over a version's digest. One that does not verify is refused."""

        def work(store: ControlStore, actor: str) -> tuple[int, SignatureView]:
            now_us = parts.clock.now_us()
            kept, new = sign_version(
                store, parts.signatures, now_us, actor, app, version, body.public_key, body.signature
            )
            return 201 if new else 200, SignatureView.of(kept, valid=True)

        return request.do(key, work)

    return router
