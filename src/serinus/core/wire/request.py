"""Server side of HTTP/1.1: bytes of a connection in, whole requests out (RFC 9112). No sockets, no clock.

Use one RequestReader per connection:

    reader = RequestReader()
    request = reader.receive(data)      # for each read; None: needs more. Raises Refusal: answer it and close.
    if reader.expects_continue: write(CONTINUE)
    ... answer the request ...
    request = reader.receive(b"")       # the next one, when the client pipelined

llhttp parses the head; what it lets pass and what framing attacks live on is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import httptools

from serinus.core.wire.chunks import ChunkReader, too_large
from serinus.core.wire.refusal import Refusal

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HEAD_BYTES = 32 * 1024
BODY_BYTES = 8 * 1024 * 1024
_LENGTH_DIGITS = 15
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)
_ALLOW = (("allow", "GET, POST"),)


class Head:
    """The head of a request. Header names are lower-case, repeated ones joined by ", "; `target` is as sent, `path`
    it without its query; `old`: HTTP/1.0, which knows no chunked answers. Shared between equal requests, so that what
    is sent on of one (`forwarded`) need not be found again."""

    __slots__ = ("forwarded", "headers", "keep_alive", "method", "old", "path", "target")

    def __init__(self, method: str, target: str, headers: dict[bytes, bytes], old: bool) -> None:
        self.method = method
        self.target = target
        self.path = target.partition("?")[0]
        self.headers = headers
        self.old = old
        self.forwarded: bytes | None = None
        self.keep_alive = _keeps_alive(headers.get(b"connection", b"").lower(), old)


class Request:
    """A whole request: what its head says, and its body."""

    __slots__ = ("body", "head", "headers", "keep_alive", "method", "old", "path", "target")

    def __init__(self, head: Head, body: bytes = b"") -> None:
        self.head = head
        self.method = head.method
        self.target = head.target
        self.path = head.path
        self.headers = head.headers
        self.old = head.old
        self.keep_alive = head.keep_alive
        self.body = body

    def header(self, name: bytes) -> str:
        """A header's value as text (UTF-8, else Latin-1), empty when absent."""
        value = self.headers.get(name)
        if not value:
            return ""
        try:
            return value.decode().strip()
        except UnicodeDecodeError:
            return value.decode("latin-1").strip()


class _Usual:
    """The last good head of a connection, around the digits of its Content-Length: clients send it again and again,
    and a head that differs from it in those digits only needs no second parsing."""

    __slots__ = ("after", "before", "head")

    def __init__(self, raw: bytes, head: Head, length: re.Match[bytes]) -> None:
        self.before = raw[: length.start(1)]
        self.after = raw[length.end(1) :]
        self.head = head

    def request_in(self, raw: bytes, limit: int) -> Request | None:
        """The request when these bytes are exactly an equal head and its body of at most `limit` bytes."""
        before, after = self.before, self.after
        if not raw.startswith(before):
            return None
        start = len(before)
        end = raw.find(b"\r", start, start + _LENGTH_DIGITS + 1)
        digits = raw[start:end]
        if end < 0 or not raw.startswith(after, end) or not digits.isdigit():
            return None
        body = raw[end + len(after) :]
        return Request(self.head, body) if len(body) == int(digits) <= limit else None

    def length_in(self, raw: bytes) -> int:
        """The Content-Length of an equal head; −1 for any other."""
        before, after = self.before, self.after
        if raw.startswith(before) and raw.endswith(after):
            digits = raw[len(before) : len(raw) - len(after)]
            if digits.isdigit() and len(digits) <= _LENGTH_DIGITS:
                return int(digits)
        return -1


class _Events:
    """What llhttp calls back with."""

    __slots__ = ("complete", "headers", "url")

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        headers = self.headers
        headers[name] = value if name not in headers else headers[name] + b", " + value

    def on_headers_complete(self) -> None:
        self.complete = True


class RequestReader:
    """Cuts a connection's bytes into requests, one at a time; what follows a request waits for the next call.

    Heads above `head_bytes` are refused with 431, bodies above `body_bytes` with 413 as soon as the head (or the
    chunk size) says so. After a Refusal the reader takes nothing more. `expects_continue` is true once per request
    that waits for `100 Continue`; `held` are the bytes that belong to no finished request.
    """

    def __init__(self, *, head_bytes: int = HEAD_BYTES, body_bytes: int = BODY_BYTES) -> None:
        self.head_bytes = head_bytes
        self.body_bytes = body_bytes
        self.closed = False
        self.held = b""
        self._request: Request | None = None
        self._length = 0
        self._parts: list[bytes] = []
        self._chunks: ChunkReader | None = None
        self._continue = False
        self._blank = False
        self._usual: _Usual | None = None

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` now; reading it answers the question for this request."""
        due, self._continue = self._continue, False
        return due

    @property
    def begun(self) -> bool:
        """Whether part of a request has arrived."""
        return self._request is not None or bool(self.held)

    @property
    def in_head(self) -> bool:
        """Whether the head of the next request is not whole yet."""
        return self._request is None

    def hold(self, data: bytes) -> int:
        """Keep bytes that came before the last request was answered; how many are held. `receive` takes them up."""
        self.held += data
        return len(self.held)

    def receive(self, data: bytes) -> Request | None:
        """Take `data`; the next request when it is whole."""
        usual = self._usual
        if usual is not None and self._request is None and not self.held and not self._blank:
            request = usual.request_in(data, self.body_bytes)  # one read, one request: nearly always
            if request is not None:
                return request
        if self.closed:
            return None
        try:
            return self._advance(data)
        except Refusal:
            self.closed = True
            self._usual = None
            self.held = b""
            self._parts.clear()
            raise

    def _advance(self, data: bytes) -> Request | None:
        if self._request is None:
            data = self._read_head(data)
            if self._request is None:
                return None
        return self._read_chunks(data) if self._chunks is not None else self._read_length(data)

    def _read_head(self, data: bytes) -> bytes:
        if self.held:
            data = self.held + data
        if data[:2] == b"\r\n" and not self._blank:  # RFC 9112, 2.2: one empty line before a request is ignored
            data, self._blank = data[2:], True
        end = data.find(b"\r\n\r\n", 0, self.head_bytes)
        if end < 0:
            self.held = data
            _check_unfinished(data[: self.head_bytes])
            if len(data) >= self.head_bytes:
                raise _head_too_large(self.head_bytes)
            return b""
        self.held = b""
        self._blank = False
        raw = data[: end + 4]
        usual = self._usual
        length = usual.length_in(raw) if usual is not None else -1
        if usual is not None and length >= 0:
            self._expect_length(length)
            self._request = Request(usual.head)
        else:
            head = parse_head(raw)
            self._request = Request(head)
            self._frame(head)
            self._remember(raw, head)
        return data[end + 4 :]

    def _remember(self, raw: bytes, head: Head) -> None:
        length = _LENGTH.search(raw)
        short = len(raw) + _LENGTH_DIGITS <= self.head_bytes
        simple = short and b"expect" not in head.headers and b"transfer-encoding" not in head.headers
        self._usual = _Usual(raw, head, length) if length is not None and simple else None

    def _expect_length(self, length: int) -> None:
        if length > self.body_bytes:
            raise too_large(self.body_bytes)
        self._length = length

    def _frame(self, head: Head) -> None:
        headers = head.headers
        self._length = 0
        if b"transfer-encoding" in headers:
            if head.old or headers[b"transfer-encoding"].strip().lower() != b"chunked":
                raise _malformed("only `Transfer-Encoding: chunked` is understood")
            self._chunks = ChunkReader(self.body_bytes)
        elif b"content-length" in headers:
            length = headers[b"content-length"].strip()
            if not length.isdigit() or len(length) > _LENGTH_DIGITS:
                raise _malformed("the Content-Length is not a number")
            self._expect_length(int(length))
        if b"expect" in headers:
            if headers[b"expect"].strip().lower() != b"100-continue":
                raise Refusal(417, "expectation_failed", "only `Expect: 100-continue` is understood", close=True)
            self._continue = not head.old

    def _read_length(self, data: bytes) -> Request | None:
        missing = self._length
        if len(data) >= missing:
            if self._parts:
                self._parts.append(data[:missing])
                return self._finish(b"".join(self._parts), data[missing:])
            return self._finish(data[:missing], data[missing:])
        if data:
            self._parts.append(data)
            self._length = missing - len(data)
        return None

    def _read_chunks(self, data: bytes) -> Request | None:
        chunks = self._chunks
        assert chunks is not None
        rest = chunks.receive(data)
        return self._finish(chunks.body, rest) if chunks.done else None

    def _finish(self, body: bytes, rest: bytes) -> Request:
        request = self._request
        assert request is not None
        request.body = body
        self._request = None
        self._chunks = None
        self._parts = []
        self._continue = False
        self.held = rest
        return request


def parse_head(raw: bytes) -> Head:
    """The head in these bytes, which end with its empty line. Raises Refusal."""
    _check_lines(raw)
    events = _Events()
    parser = httptools.HttpRequestParser(events)
    _feed(parser.feed_data, raw)
    if not events.complete:
        raise _malformed("the head is not complete")
    version = parser.get_http_version()
    if version not in ("1.1", "1.0"):
        raise Refusal(505, "http_version", f"HTTP/{version} is not spoken here", mend="use HTTP/1.1", close=True)
    host = events.headers.get(b"host")
    if version == "1.1" and (host is None or b"," in host):
        raise _malformed("HTTP/1.1 needs exactly one Host header")
    try:
        target = events.url.decode("ascii")
    except UnicodeDecodeError:
        raise _malformed("the target is not ASCII") from None
    return Head(parser.get_method().decode(), target, events.headers, version == "1.0")


def _feed(feed: Callable[[bytes], None], head: bytes) -> None:
    try:
        feed(head)
    except httptools.HttpParserUpgrade:
        pass  # an offer to upgrade may be ignored (RFC 9110, 7.8)
    except httptools.HttpParserInvalidMethodError:
        raise Refusal(405, "method_not_allowed", "unknown method", headers=_ALLOW, close=True) from None
    except httptools.HttpParserError as error:
        raise _malformed(str(error)) from None


def _check_lines(head: bytes) -> None:
    """Refuse what parsers disagree about: NUL, bare CR or LF, folded lines."""
    if not head[:1].isalpha():
        raise _malformed("this is not HTTP")
    lines = head.count(b"\r\n")
    if head.count(b"\n") != lines or head.count(b"\r") != lines:
        raise _malformed("a bare CR or LF in the head")
    if b"\0" in head:
        raise _malformed("a NUL in the head")
    if b"\r\n " in head or b"\r\n\t" in head:
        raise _malformed("a folded header line")


def _check_unfinished(data: bytes) -> None:
    """Refuse at once what no continuation could mend."""
    if len(data) > 1 and not data[:1].isalpha():
        raise _malformed("this is not HTTP")
    if data.count(b"\n") != data.count(b"\r\n") or b"\0" in data:
        raise _malformed("a bare LF or NUL in the head")


def _head_too_large(limit: int) -> Refusal:
    what = f"the head is above {limit:,} bytes"
    return Refusal(431, "head_too_large", what, mend="send fewer headers", close=True)


def _malformed(what: str) -> Refusal:
    return Refusal(400, "malformed_request", f"malformed HTTP request: {what}", mend="see RFC 9112", close=True)


def _keeps_alive(connection: bytes, old: bool) -> bool:
    if old:
        return b"keep-alive" in connection
    return b"close" not in connection
