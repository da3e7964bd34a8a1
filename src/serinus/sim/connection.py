"""One client connection of the simulated provider: requests in by llhttp, scripts played out on time."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Iterator
from typing import Protocol, cast

import httptools
import msgspec

from serinus.sim.chat import WireError
from serinus.sim.script import End, Reply, Script, Step, framed

MOST_BODY_BYTES = 64 * 1024 * 1024
_MOST_QUEUED = 32
_WRITE_BYTES = 256 * 1024
# Bytes due within this time go out at once: below the timer's own resolution.
_NOW_S = 0.0005


class HttpRequest(msgspec.Struct, kw_only=True):
    """A whole request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool
    http10: bool


class Service(Protocol):
    """What answers requests, and hears how they ended."""

    def respond(self, request: HttpRequest) -> Script:
        """The script for this request."""
        ...

    def connected(self, connection: Connection) -> None:
        """A connection was opened."""
        ...

    def disconnected(self, connection: Connection) -> None:
        """A connection is closed."""
        ...

    def ended(self, whole: bool) -> None:
        """A script ended; not `whole` when the client left before."""
        ...


class Connection(asyncio.Protocol):
    """Answers the requests of a connection one after the other, pipelined ones in their order."""

    def __init__(self, service: Service, loop: asyncio.AbstractEventLoop, speed: float) -> None:
        self._service = service
        self._loop = loop
        self._ms = 0.001 / speed
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[HttpRequest] = deque()
        self._steps: Iterator[Step] | None = None
        self._end = End.KEEP
        self._held: Step | None = None
        self._started_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._write_paused = False
        self._read_paused = False
        self._transport: asyncio.Transport
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports are asyncio.Transport in all but ancestry.
        self._transport = cast(asyncio.Transport, transport)
        self._service.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was under way."""
        if self._timer is not None:
            self._timer.cancel()
        if self._steps is not None:
            self._steps = None
            self._service.ended(False)
        self._queue.clear()
        self._service.disconnected(self)

    def close(self) -> None:
        """Leave at once."""
        self._transport.abort()

    def pause_writing(self) -> None:
        """The client reads slowly."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._write_paused = False
        if self._steps is not None and self._timer is None:
            self._wake()

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise
        except httptools.HttpParserUpgrade:
            self._refuse(WireError(400, "upgrades are not supported", type_="invalid_request_error"))
        except httptools.HttpParserError as error:
            self._refuse(WireError(400, f"malformed HTTP: {error}", type_="invalid_request_error"))
        if self._steps is None:
            self._next()
        elif len(self._queue) >= _MOST_QUEUED:
            self._read_paused = True
            self._transport.pause_reading()

    def _refuse(self, error: WireError) -> None:
        if self._transport.is_closing():
            return
        reply = Reply(status=error.status, headers={"content-type": "application/json"}, parts=[(0.0, error.body())])
        for _, data in framed(reply, keep_alive=False).steps:
            self._transport.write(data)
        self._transport.close()

    # Called by the parser.

    def on_message_begin(self) -> None:
        """A new request."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_bytes += len(body)
        if self._body_bytes <= MOST_BODY_BYTES:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._body_bytes > MOST_BODY_BYTES:
            self._refuse(WireError(413, "the request is too large", type_="invalid_request_error"))
            return
        self._queue.append(
            HttpRequest(
                method=self._parser.get_method().decode("latin-1"),
                path=self._url.decode("latin-1").partition("?")[0],
                headers=self._headers,
                body=b"".join(self._body),
                keep_alive=self._parser.should_keep_alive(),
                http10=self._parser.get_http_version() == "1.0",
            )
        )

    # Playing scripts.

    def _next(self) -> None:
        while self._queue and self._steps is None and not self._transport.is_closing():
            script = self._service.respond(self._queue.popleft())
            self._steps = iter(script.steps)
            self._end = script.end
            self._started_s = self._loop.time()
            self._advance()
        if self._read_paused and not self._transport.is_closing():
            self._read_paused = False
            self._transport.resume_reading()

    def _advance(self) -> None:
        self._timer = None
        due: list[bytes] = []
        size = 0
        while self._steps is not None and not self._write_paused:
            step = self._held or next(self._steps, None)
            self._held = None
            late_s = 0.0 if step is None else self._started_s + step[0] * self._ms - self._loop.time()
            if step is not None and late_s <= _NOW_S and size < _WRITE_BYTES:
                due.append(step[1])
                size += len(step[1])
                continue
            if due:
                self._transport.write(b"".join(due))
                due, size = [], 0
            if step is None:
                self._finish()
                return
            if late_s > _NOW_S:
                self._held = step
                self._timer = self._loop.call_later(late_s, self._wake)
                return
            self._held = step

    def _wake(self) -> None:
        self._advance()
        if self._steps is None:
            self._next()

    def _finish(self) -> None:
        if self._end is End.HANG:
            return
        self._steps = None
        self._service.ended(True)
        if self._end is End.FIN:
            self._transport.close()
        elif self._end is End.RST:
            connected: socket.socket = self._transport.get_extra_info("socket")
            # Linger of 0 seconds: the kernel sends RST in place of FIN.
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
