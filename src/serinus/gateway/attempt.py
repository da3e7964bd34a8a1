"""One try at an upstream: connect, send, and read its answer for the call that it is made for."""

from __future__ import annotations

from typing import Protocol, cast

from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.response import ResponseReader
from serinus.core.wire.sse import EventStream
from serinus.gateway import answers
from serinus.gateway.admission import Admitted
from serinus.gateway.pool import Pool
from serinus.gateway.upstream import UpstreamConnection


class Asking(Protocol):
    """The call that an attempt is made for."""

    def limit(self, deadline_ns: int) -> None:
        """The attempt is to be over by then."""
        ...

    def connects_again(self) -> None:
        """No connection came about, and another one is tried: nothing was sent yet."""
        ...

    def relay(self, stream: EventStream, data: bytes) -> None:
        """Bytes of a stream to send on; look at `done` and `fault`."""
        ...

    def answered(self, reader: ResponseReader, body: bytes) -> None:
        """A whole answer that is no stream, whatever its status."""
        ...

    def failed(self, fault: UpstreamFault) -> None:
        """No whole answer will come of this attempt."""
        ...


_NOBODY = cast("Asking", None)


class Attempt:
    """From connecting to the end of the answer. `sent_ns` is 0 until the request is written; `answered_ns`, `status`
    and `passed` are the answer's from when its head has come. After `give_up` nothing is told any more."""

    passed = b""
    sent_ns = answered_ns = status = 0
    stream: EventStream | None = None
    _upstream: UpstreamConnection | None = None
    _connected = _again = False
    _size = 0

    def __init__(self, call: Asking, admitted: Admitted, pool: Pool, outgoing: bytes) -> None:
        self._call = call
        self._admitted = admitted
        self._pool = pool
        self._outgoing = outgoing
        self._parts: list[bytes] = []

    def start(self, now_ns: int) -> None:
        """Send on an idle connection, or open one."""
        connection = self._pool.take(now_ns)
        if connection is not None:
            self.connected(connection, now_ns)
            return
        self._call.limit(now_ns + self._admitted.app.connect_ns)
        self._pool.connect(self)

    def overdue(self, limit: str = "") -> UpstreamFault:
        """What it means that this limit (by default that on the first byte) has passed before an answer has begun."""
        if not self._connected:
            return UpstreamFault(ErrorClass.UPSTREAM_CONNECT, "the upstream did not connect within connect_s")
        return UpstreamFault(
            ErrorClass.UPSTREAM_TIMEOUT, f"no answer came within {limit or self._admitted.app.first_limit}"
        )

    def give_up(self) -> None:
        """End it at once: an upstream that still works sees its connection close. Lets go of the call, which holds
        this attempt: a cycle would keep the memory of thousands of calls until the collector comes."""
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()
        elif not self._connected:
            self._pool.give_up(self)
        self._call = _NOBODY

    def detach(self) -> None:
        """The answer is whole, whatever the upstream still sends."""
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.detach()

    def pause(self) -> None:
        """Read no more until `resume`."""
        if self._upstream is not None:
            self._upstream.pause()

    def resume(self) -> None:
        """Read on."""
        if self._upstream is not None:
            self._upstream.resume()

    # what the pool tells

    def connected(self, connection: UpstreamConnection, now_ns: int) -> None:
        """A connection is there: send."""
        self._connected = True
        self._upstream = connection
        self.sent_ns = now_ns
        self._call.limit(now_ns + self._admitted.app.first_ns)
        connection.send(self, self._outgoing, now_ns)
        self._outgoing = b""

    def not_connected(self, error: Exception) -> None:
        """Nothing was sent, so once more is safe; then it is a fault."""
        if self._again:
            self._connected = True  # nothing is on its way that could be given up
            self._call.failed(UpstreamFault(ErrorClass.UPSTREAM_CONNECT, f"no connection to the upstream: {error}"))
            return
        self._again = True
        self._call.connects_again()
        self.start(self._pool.mono_ns())

    # what the upstream connection tells

    def upstream_data(self, reader: ResponseReader, body: bytes, now_ns: int) -> None:
        """The head is whole; `body` came with this read."""
        if not self.answered_ns:
            self.answered_ns = now_ns
            self.status = reader.status
            self.passed = reader.passed
            admitted = self._admitted
            if admitted.stream and answers.is_stream(reader):
                self.stream = EventStream(strip_usage=not admitted.include_usage, keep_text=admitted.keep_text)
        if not body:
            return
        stream = self.stream
        if stream is not None:
            self._call.relay(stream, stream.receive(body))
            return
        parts = self._parts
        parts.append(body)
        size = self._size = self._size + len(body)
        if size > self._admitted.app.answer_bytes:
            self._call.failed(UpstreamFault(ErrorClass.UPSTREAM_GARBAGE, "the upstream's answer is above answer_bytes"))

    def upstream_end(self, reader: ResponseReader) -> None:
        """The answer is complete."""
        self._upstream = None
        stream = self.stream
        if stream is not None:
            self._call.relay(stream, stream.finish())
            return
        parts = self._parts
        self._call.answered(reader, parts[0] if len(parts) == 1 else b"".join(parts))

    def upstream_failed(self, fault: UpstreamFault) -> None:
        """No whole answer will come."""
        self._upstream = None
        self._call.failed(fault)
