"""What the caller gets: heads, whole answers, chunks of a stream, and how a stream is cut honestly."""

from __future__ import annotations

from serinus.core.records import call_id
from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import Request
from serinus.core.wire.sse import error_event
from serinus.gateway import heads
from serinus.gateway.admission import Admitted
from serinus.gateway.client import ClientConnection

_CHUNKED = b"transfer-encoding: chunked\r\n"
_KEEP_ALIVE = b"connection: keep-alive\r\n\r\n"
_CLOSE = b"connection: close\r\n\r\n"


class Reply:
    """The answer to one request. `overhead_ns` is the time a call spent here rather than upstream; `headers` are what
    this answer has beside what is told of every call."""

    __slots__ = ("_chunked", "_client", "_keep_alive", "_told")

    def __init__(self, client: ClientConnection, request: Request, admitted: Admitted, raw_call: bytes) -> None:
        self._client = client
        self._chunked = not request.old
        self._keep_alive = request.keep_alive and not client.draining
        self._told = b"x-request-id: call_%b\r\n%bx-serinus-conversation: %b\r\n%b" % (
            call_id.printed(raw_call),
            admitted.app.arms[admitted.arm],
            admitted.token.encode(),
            heads.traceparent(request.headers, raw_call) if b"traceparent" in request.headers else b"",
        )

    def whole(self, status: int, headers: bytes, body: bytes, overhead_ns: int) -> None:
        """Send a whole JSON answer, and finish."""
        keep_alive = self._keep_alive
        self._client.write(
            b"%bcontent-type: application/json\r\ncontent-length: %d\r\n%bx-serinus-overhead-ms: %.2f\r\n%b%b%b"
            % (
                heads.status_line(status),
                len(body),
                self._told,
                overhead_ns / 1e6,
                headers,
                _KEEP_ALIVE if keep_alive else _CLOSE,
                body,
            )
        )
        self._client.finished(keep_alive)

    def open(self, headers: bytes, data: bytes, last: bool, overhead_ns: int) -> None:
        """Send the head of a stream with its first bytes in one write."""
        self._keep_alive = self._keep_alive and self._chunked
        head = b"".join(
            (
                b"HTTP/1.1 200 OK\r\n",
                heads.STREAM,
                _CHUNKED if self._chunked else b"",
                self._told,
                b"x-serinus-overhead-ms: %.2f\r\n" % (overhead_ns / 1e6),
                headers,
                _KEEP_ALIVE if self._keep_alive else _CLOSE,
            )
        )
        self._client.write(head + self._framed(data, last))

    def more(self, data: bytes, last: bool) -> None:
        """Send further bytes of a stream."""
        self._client.write(self._framed(data, last))

    def done(self) -> None:
        """The stream has been sent whole."""
        self._client.finished(self._keep_alive)

    def cut(self, refusal: Refusal) -> None:
        """Tell of an error within the stream, then close: neither `[DONE]` nor a last chunk follows."""
        event = error_event(refusal.status, refusal.code, str(refusal))
        self._client.write(self._framed(event, last=False))
        self._client.finished(keep_alive=False)

    def _framed(self, data: bytes, last: bool) -> bytes:
        if not self._chunked:
            return data
        chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        return chunk + heads.LAST_CHUNK if last else chunk
