"""Routes of versions: push and show. Nothing edits or deletes one."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from serinus.api.guard import Guard
from serinus.api.once import Once, once
from serinus.api.paging import Listing, page
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.version import PushedView, VersionDetail, VersionView
from serinus.control.lookup import app_of, version_of
from serinus.control.name_versions import name_of, name_versions
from serinus.control.push_version import push_version
from serinus.core.access import Operation
from serinus.core.versions.content import VersionContent, parse_content, servable
from serinus.core.versions.template import Prompt
from serinus.ports.control_store import ApiKey, ControlStore, Page


def routes(parts: Parts) -> APIRouter:
    """The routes under `/apps/{app}/versions`."""
    router = APIRouter(prefix="/apps/{app}/versions", tags=["versions"], responses=documented(HTTPStatus.NOT_FOUND))
    may_view = Guard(parts.control, Operation.VIEW)
    may_push = Guard(parts.control, Operation.PUSH_VERSION)
    request_once = once(parts)

    @router.get("", operation_id="list_versions")
    def list_versions(
        app: str, _: Annotated[ApiKey, Depends(may_view)], at: Annotated[Page, Depends(page)]
    ) -> Listing[VersionView]:
        """An app's versions, newest first."""
        with parts.control.tx() as tx:
            app_of(tx, app)
            found, following = tx.versions(app, at)
            names = name_versions(tx, [(app, version.digest) for version in found])
        items = [VersionView.of(version, names.of(app, version.digest)) for version in found]
        return Listing(items=items, next_cursor=following)

    @router.post(
        "",
        operation_id="push_version",
        response_model=PushedView,
        status_code=HTTPStatus.CREATED,
        responses={200: {"model": PushedView, "description": "The same content was there already."}},
        openapi_extra={"requestBody": content_description()},
    )
    def post_version(
        app: str,
        raw: Annotated[bytes, Depends(raw_body)],
        key: Annotated[ApiKey, Depends(may_push)],
        request: Annotated[Once, Depends(request_once)],
    ) -> Response:
        """Push a version. The same content twice is the same version: 201 the first time, 200 after."""
        content = parse_content(raw)
        _refuse_broken_prompt(content)

        def work(store: ControlStore, actor: str) -> tuple[int, PushedView]:
            version, created = push_version(store, parts.clock.now_us(), actor, app, content)
            with store.tx() as tx:
                named = name_of(tx, version)
            return 201 if created else 200, PushedView.of_push(version, named, created)

        return request.do(key, work)

    @router.get("/{version}", operation_id="get_version")
    def get_version(app: str, version: str, _: Annotated[ApiKey, Depends(may_view)]) -> VersionDetail:
        """One version with its content, by name, label, digest, or the digest's first 8 or more characters."""
        with parts.control.tx() as tx:
            app_of(tx, app)
            found = version_of(tx, app, version)
            return VersionDetail.of(found, name_of(tx, found))

    return router


async def raw_body(request: Request) -> bytes:
    """The dependency that reads a body as it is: the content parser says better what is wrong with it."""
    return await request.body()


def _refuse_broken_prompt(content: VersionContent) -> None:
    """TemplateError unless every message compiles over the declared variables: a gateway could not serve it."""
    version = servable(content, "")
    Prompt(version.messages, version.variables)


def content_description() -> dict[str, Any]:
    """The OpenAPI entry of a body that is the content of a version."""
    (schema,), definitions = msgspec.json.schema_components([VersionContent], ref_template="#/$defs/{name}")
    inlined = _inlined(schema, definitions)
    return {"required": True, "content": {"application/json": {"schema": inlined}}}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with references replaced by what they refer to, so that it stands alone in the document."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items()}
