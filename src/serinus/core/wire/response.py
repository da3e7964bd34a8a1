"""Client side of HTTP/1.1: bytes of an upstream in, one response out (RFC 9112). No sockets, no clock."""

from __future__ import annotations

import re

import httptools

from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault

HEAD_BYTES = 64 * 1024
_ACTED_UPON = re.compile(
    rb"\r\n(content-type|content-length|transfer-encoding|retry-after(?:-ms)?):([^\r\n]*)", re.IGNORECASE
)


class ResponseReader:
    """Reads the responses of one connection, one at a time: `restart` before each further request. Raises
    UpstreamFault for garbage and early ends.

    `status` is 0 until the head is whole; interim (1xx) responses are read over. `head` is the response's head then, up
    to its empty line. `reusable`: the connection may carry another request after a complete response.
    """

    __slots__ = (
        "_body",
        "_head",
        "_head_read",
        "_headers",
        "_interim",
        "_interims",
        "_keep_alive",
        "_parser",
        "_started",
        "_surplus",
        "complete",
        "head",
        "status",
    )

    def __init__(self) -> None:
        self.status = 0
        self.head = b""
        self.complete = False
        self._headers: dict[bytes, bytes] | None = None
        self._body: list[bytes] = []
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._keep_alive = False
        self._head = b""
        self._head_read = self._interim = False
        self._interims = 0
        self._surplus = False
        self._started = False

    def restart(self) -> None:
        """Begin the next response of the connection; only after a `reusable` one."""
        self.status = 0
        self.complete = self._started = self._head_read = self._interim = False
        self._interims = 0

    def close(self) -> None:
        """Let go of the parser, which holds our methods: no cycle is left to collect. Nothing is read any more."""
        self._parser = None

    @property
    def headers(self) -> dict[bytes, bytes]:
        """What is acted upon: length, type, and how long to wait; names in lower case."""
        found = self._headers
        if found is None:
            found = {name.lower(): value.strip() for name, value in _ACTED_UPON.findall(self.head)}
            self._headers = found if self._head_read else None
        return found

    @property
    def started(self) -> bool:
        """Whether any byte of a response has come."""
        return self._started

    @property
    def reusable(self) -> bool:
        """Whether the response ended whole, with nothing behind it, on a connection that stays open."""
        return self.complete and self._keep_alive and not self._surplus

    def receive(self, data: bytes) -> bytes:
        """The body bytes in `data` (without their framing)."""
        parser = self._parser
        if self.complete or parser is None:
            self._surplus = self._surplus or bool(data.strip(b"\r\n"))
            return b""
        self._started = True
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise _garbage("it switched protocols") from None
        except httptools.HttpParserError as error:
            if not self.complete:
                raise _garbage(str(error)) from None
            self._surplus = True
        if not self._head_read:
            self._read_head(data)
        body = self._body
        if not body:
            return b""
        whole = body[0] if len(body) == 1 else b"".join(body)
        body.clear()
        return whole

    def end(self) -> None:
        """The upstream closed: completes an answer delimited by that, raises UpstreamFault for all others."""
        if self.complete:
            return
        headers = self.headers
        if self.status and b"content-length" not in headers and b"transfer-encoding" not in headers:
            self.complete = self._surplus = True
            return
        what = "the upstream closed the connection within its answer" if self._started else "it closed unanswered"
        raise UpstreamFault(ErrorClass.UPSTREAM_CUT, what, self.status)

    def _read_head(self, data: bytes) -> None:
        """Keep the head until llhttp has found it whole, then take from it what we pass on or act upon."""
        head = self._head = self._head + data if self._head else data
        if not self.status:
            if len(head) > HEAD_BYTES:
                raise _garbage("its head is too long")
            return
        start = 0
        for _ in range(self._interims):
            start = head.find(b"\r\n\r\n", start) + 2
        end = head.find(b"\r\n\r\n", start + 2)
        if end > HEAD_BYTES:
            raise _garbage("its head is too long")
        self.head = head[start : end + 2]
        self._headers = None
        self._head_read = True
        self._head = b""

    # what llhttp calls back with

    def on_message_begin(self) -> None:
        if self.complete:
            self._surplus = True
        self._interim = False

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        assert self._parser is not None
        status = self._parser.get_status_code()
        self._keep_alive = bool(self._parser.should_keep_alive())
        if 100 <= status < 200:
            self._interim = True
            self._interims += 1
            return
        self.status = status

    def on_body(self, body: bytes) -> None:
        if not self.complete:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if not self._interim:
            self.complete = True


def _garbage(what: str) -> UpstreamFault:
    return UpstreamFault(ErrorClass.UPSTREAM_GARBAGE, f"the upstream's answer is not HTTP: {what}")
