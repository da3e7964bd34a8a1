"""The page of a version: all that is in it, where it was live, who signed it, and what it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.comparison import LONGEST_TEXT, shortened
from serinus.console.page import Desk
from serinus.console.visitor import Visitor
from serinus.control.compare_versions import LIVE, compare_versions
from serinus.control.lookup import app_of, version_of
from serinus.control.name_versions import name_of
from serinus.control.sign_version import verify_version
from serinus.control.start_release import active_release
from serinus.core.access import Operation
from serinus.core.versions.content import VersionContent, parse_content


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text, cut where it is too long for a page."""

    role: str
    text: str
    left_out: int


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/apps/{app}/versions/{version}` and its content as it is stored."""

    def show(request: Request, visitor: Visitor) -> Response:
        app, ref = request.path_params["app"], request.path_params["version"]
        with desk.parts.control.tx() as tx:
            state, version = app_of(tx, app), version_of(tx, app, ref)
            active = active_release(tx, app)
            named = name_of(tx, version)
        content = parse_content(version.content)
        against = request.query_params.get("against", LIVE)
        compares = against != LIVE or (state.live is not None and state.live != version.digest)
        return desk.page(
            request, "version.html", visitor,
            app=app, state=state, version=version, named=named, active=active, plan=state.config.plan,
            content=content, against=against,
            texts=[_cut(message.role, message.template) for message in content.messages],
            fields=_fields(content), variables=content.variables or {},
            comparison=shortened(compare_versions(desk.parts.control, app, against, version.digest))
            if compares else None,
            signatures=verify_version(desk.parts.control, desk.parts.signatures, app, version.digest),
        )  # fmt: skip

    def raw(request: Request, _: Visitor) -> Response:
        with desk.parts.control.tx() as tx:
            version = version_of(tx, request.path_params["app"], request.path_params["version"])
        return Response(version.content, media_type="application/json")

    return [
        Route("/apps/{app}/versions/{version}", desk.view(Operation.VIEW, show)),
        Route("/apps/{app}/versions/{version}/content.json", desk.view(Operation.VIEW, raw)),
    ]


def _cut(role: str, text: str) -> Text:
    return Text(role=role, text=text[:LONGEST_TEXT], left_out=max(0, len(text) - LONGEST_TEXT))


def _fields(content: VersionContent) -> list[tuple[str, str]]:
    """What goes to the provider beside the messages, as JSON text."""
    found = [(name, value) for name, value in (content.parameters or {}).items()]
    found += [("tools", content.tools)] if content.tools else []
    found += [("response_format", content.response_format)] if content.response_format else []
    found += [("caller_may_set", content.caller_may_set)] if content.caller_may_set else []
    return [(name, msgspec.json.format(msgspec.json.encode(value), indent=2).decode()) for name, value in found]
