"""Client side of HTTP/1.1: bytes of an upstream in, one response out (RFC 9112). No sockets, no clock."""

from __future__ import annotations

import re

import httptools

from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.usual_answer import HEAD_BYTES, UsualAnswer, names_in, passed_on

_ACTED_UPON = re.compile(
    rb"\r\n(content-type|content-length|transfer-encoding|retry-after(?:-ms)?):([^\r\n]*)", re.IGNORECASE
)
_ENCODED = re.compile(rb"\r\ncontent-encoding:(?![ \t]*+(?:identity[ \t]*+)?\r)", re.IGNORECASE)
_LEARNT_FROM = 8
_OK = 200


class ResponseReader:
    """Reads the responses of one connection, one at a time: `restart` before each further request. Raises
    UpstreamFault for garbage and early ends.

    `status` is 0 until the head is whole; interim (1xx) responses are read over. `head` is the response's head then, up
    to its empty line, and `passed` the lines of it that callers get. `encoded`: the body is compressed, although we
    asked for `identity`. `reusable`: the connection may carry another request after a complete response.
    """

    __slots__ = (
        "_body",
        "_head",
        "_head_read",
        "_headers",
        "_interim",
        "_interims",
        "_keep_alive",
        "_learnt",
        "_names",
        "_parser",
        "_started",
        "_surplus",
        "_usual",
        "complete",
        "encoded",
        "head",
        "passed",
        "status",
    )

    def __init__(self) -> None:
        self.status = 0
        self.head = self.passed = b""
        self.complete = self.encoded = False
        self._names: tuple[bytes, ...] = ()
        self._learnt = 0
        self._usual: UsualAnswer | None = None
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
        if self._usual is not None and not self._started:
            found = self._usual.answer_in(data)
            if found is not None:
                return self._take(data, *found)
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
        if self.complete and self.status == _OK and self._learnt < _LEARNT_FROM:
            self._learn(data, whole)
        return whole

    def _take(self, data: bytes, end: int, passed: bytes) -> bytes:
        """A whole answer of the usual shape, whose head and empty line end there."""
        self._started = self._head_read = self._keep_alive = self.complete = True
        self.status = _OK
        self.head = data[: end - 2]
        self.passed = passed
        self.encoded = False
        self._headers = None
        return data[end:]

    def _learn(self, data: bytes, body: bytes) -> None:
        """Learn the shape of an answer that came whole, once it has come twice."""
        head = self.head
        if not self.reusable or self.encoded or len(data) != len(head) + 2 + len(body):
            return
        self._learnt += 1
        names = names_in(head)
        if names and names == self._names:
            self._usual = UsualAnswer(head)
        self._names = names

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
        self.head = head = head[start : end + 2]
        self.passed = passed_on(head)
        self.encoded = _ENCODED.search(head) is not None
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
