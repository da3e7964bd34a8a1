"""A scripted upstream, and the answers it gives, for tests of the pipe."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter, dict[str, Any]], Awaitable[None]]


class Upstream:
    """An upstream whose behaviour a test sets; `seen` holds the bodies and `heads` the heads of its requests."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.connections = 0
        self.left = asyncio.Event()
        self.behave: Behave = completes
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, **options: Any) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0, **options)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, drop what is open."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length:")[2].split("\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                self.heads.append(head)
                self.seen.append(body)
                await self.behave(reader, writer, body)
                await writer.drain()
                if writer.is_closing():
                    break
        self.left.set()
        writer.close()


ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-x",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}


def event(**fields: Any) -> bytes:
    """One event of a stream."""
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x"} | fields
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def delta(text: str | None, finish: str | None = None) -> bytes:
    """One chunk of an answer."""
    return event(choices=[{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}])


USAGE = event(choices=[], usage={"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9})
STREAM = delta("hel") + delta("lo") + delta(None, "stop") + USAGE + b"data: [DONE]\n\n"
SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunked(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def json_answer(body: Any, status: str = "200 OK", *headers: str) -> bytes:
    """A whole JSON answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(raw)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + raw


async def completes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    """Answer as asked: whole or as a stream."""
    if body.get("stream"):
        writer.write(SSE_HEAD + chunked(STREAM) + b"0\r\n\r\n")
    else:
        writer.write(json_answer(ANSWER, "200 OK", "x-request-id: req_up", "x-ratelimit-remaining-requests: 9"))


def writes(*parts: bytes, close: bool = False, pause_s: float = 0.0) -> Behave:
    """Answer with these bytes, whatever is asked."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if close:
            writer.close()

    return behave
