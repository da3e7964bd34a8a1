"""Files: style, script, picture, and the browser's charting script."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from importlib import resources

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serinus.console.page import Desk

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


def routes(desk: Desk) -> Sequence[BaseRoute]:
    """`/static/…`: no secrets, so no key."""
    folder = resources.files("serinus.console") / "static"
    files = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in _TYPES}

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(files[name], media_type=_TYPES[name.rpartition(".")[2]], headers={"cache-control": _FOR_EVER})

    async def charting(_: Request) -> Response:
        script = await run_in_threadpool(desk.parts.drawing.script)
        if script is None:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE)
        headers = {"cache-control": "public, max-age=86400", "content-encoding": "gzip"}
        return Response(script, media_type=_TYPES["js"], headers=headers)

    return [Route("/static/charting.js", charting), Route("/static/{name}", file)]
