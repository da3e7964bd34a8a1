"""A limit on request bodies, kept while they arrive: neither a length header nor its absence gets around it."""

from __future__ import annotations

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serinus.api.problems import TooLarge, answer

MAX_BYTES = 12 * 1024 * 1024


class BodyLimit:
    """ASGI middleware: a body above `max_bytes` is answered 413 and read no further."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = TooLarge(f"the body is above {self._max_bytes:,} bytes", where="body", mend="send less")
        if _declared(scope) > self._max_bytes:
            await answer(refusal)(scope, receive, send)
            return
        taken, started = 0, False

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_bytes:
                raise refusal
            return message

        async def unless_refused(message: Message) -> None:
            # The application makes an answer of its own out of a body that it cannot read.
            nonlocal started
            if taken <= self._max_bytes or started:
                started = True
                await send(message)

        with suppress(TooLarge):
            await self._app(scope, limited, unless_refused)
        if taken > self._max_bytes and not started:
            await answer(refusal)(scope, receive, send)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
