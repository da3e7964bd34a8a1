"""One connection to an upstream: writes a request, feeds the answer to the call that waits for it."""

from __future__ import annotations

import asyncio
import select
from typing import Protocol, cast

from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.response import ResponseReader
from serinus.gateway.deadlines import NEVER

_HIGH_WATER_BYTES = 256 * 1024
_DRAIN_NS = 2_000_000_000
_PROBE_AFTER_NS = 50_000_000
_IDLENESS_NS = 1_000_000_000  # no provider closes for idleness sooner


class Exchange(Protocol):
    """What an upstream connection tells the call it works for."""

    def upstream_data(self, reader: ResponseReader, body: bytes, now_ns: int) -> None:
        """The head is whole; `body` came with this read, or nothing."""
        ...

    def upstream_end(self, reader: ResponseReader) -> None:
        """The answer is complete; the connection has been given back."""
        ...

    def upstream_failed(self, fault: UpstreamFault) -> None:
        """No (whole) answer will come; the connection is gone."""
        ...


class Home(Protocol):
    """Where a connection goes back to."""

    def give_back(self, connection: UpstreamConnection, now_ns: int) -> None: ...
    def lost(self, connection: UpstreamConnection) -> None: ...
    def mono_ns(self) -> int: ...
    def post(self, transport: asyncio.Transport, data: bytes) -> None: ...


class UpstreamConnection(asyncio.Protocol):
    """Carries one exchange at a time. `deadline_ns` bounds idleness and draining only: calls have their own."""

    def __init__(self, home: Home) -> None:
        self.deadline_ns = NEVER
        self.idle_since_ns = 0
        self._home = home
        self._call: Exchange | None = None
        self._kept = ResponseReader()
        self._reader: ResponseReader | None = None  # the kept one, during an exchange
        self._was_idle = False
        self._closed = self._paused = False
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._probe = select.poll()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
        self._probe.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def send(self, call: Exchange, request: bytes, now_ns: int) -> None:
        """Begin an exchange: one write."""
        self._call = call
        reader = self._kept
        if reader.complete:
            reader.restart()
        self._reader = reader
        self._was_idle = self.idle_since_ns > 0 and now_ns - self.idle_since_ns > _IDLENESS_NS
        self._home.post(self._transport, request)

    def is_stale(self, now_ns: int) -> bool:
        """Whether an idle connection was closed by the upstream, or holds bytes that nobody asked for."""
        if self._closed or self._transport.is_closing():
            return True
        return now_ns - self.idle_since_ns > _PROBE_AFTER_NS and bool(self._probe.poll(0))

    def detach(self) -> None:
        """The call needs no more of the answer: read it to its end, or give the connection up."""
        self._call = None
        self.resume()
        self.deadline_ns = self._home.mono_ns() + _DRAIN_NS

    def abort(self) -> None:
        """Give up the exchange at once: the upstream sees the connection close."""
        self._call = None
        self._close()

    def pause(self) -> None:
        """Read no more until `resume`: the caller is slower than the upstream."""
        if not self._closed and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if not self._closed and self._paused:
            self._paused = False
            self._transport.resume_reading()

    def expire(self, now_ns: int) -> None:
        """Idle or draining for too long."""
        self._close()

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            self._close()  # bytes on an idle connection answer nothing
            return
        now_ns = self._home.mono_ns()
        try:
            body = reader.receive(data)
        except UpstreamFault as fault:
            self._fail(fault)
            return
        self._advance(reader, body, now_ns)

    def eof_received(self) -> None:
        reader = self._reader
        if reader is None:
            return
        try:
            reader.end()
        except UpstreamFault as fault:
            self._fail(self._blame(reader, fault))
            return
        self._advance(reader, b"", self._home.mono_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        reader = self._reader
        if reader is not None:
            what = "the upstream's connection broke"
            self._fail(self._blame(reader, UpstreamFault(ErrorClass.UPSTREAM_CUT, what, reader.status)))
        self._close()

    def _advance(self, reader: ResponseReader, body: bytes, now_ns: int) -> None:
        call = self._call
        if call is not None and reader.status:
            call.upstream_data(reader, body, now_ns)
        if not reader.complete or self._reader is not reader:
            return
        call, self._call, self._reader = self._call, None, None
        if reader.reusable and not self._closed:
            self._home.give_back(self, now_ns)
        else:
            self._close()
        if call is not None:
            call.upstream_end(reader)

    def _fail(self, fault: UpstreamFault) -> None:
        call, self._call, self._reader = self._call, None, None
        self._close()
        if call is not None:
            call.upstream_failed(fault)

    def _blame(self, reader: ResponseReader, fault: UpstreamFault) -> UpstreamFault:
        """A connection that was idle for a while and dies unanswered was closed for that: nobody's failure."""
        if self._was_idle and not reader.started:
            return UpstreamFault(ErrorClass.INFRASTRUCTURE, "a kept-alive upstream connection closed unanswered")
        return fault

    def _close(self) -> None:
        self._reader = None
        if not self._closed:
            self._closed = True
            self._kept.close()
            self._home.lost(self)
            self._transport.abort()
