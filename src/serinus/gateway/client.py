"""One connection of a caller: cuts it into requests, answers them one at a time, and notices when the caller leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

from serinus.core.wire.refusal import Refusal
from serinus.core.wire.request import CONTINUE, Request, RequestReader
from serinus.gateway import heads
from serinus.gateway.deadlines import Deadlines
from serinus.gateway.outbox import Outbox

_NS = 1_000_000_000
_IDLE_NS = 75 * _NS
_ARRIVAL_NS = 30 * _NS
_BODY_NS = 300 * _NS
_LINGER_NS = 2 * _NS
_HIGH_WATER_BYTES = 128 * 1024
_PIPELINE_BYTES = 64 * 1024


class Work(Protocol):
    """What a connection waits for while it answers a request."""

    def caller_left(self) -> None:
        """The connection is gone."""
        ...

    def cut_off(self) -> None:
        """The process ends now; the connection closes behind it."""
        ...

    def caller_slow(self) -> None:
        """The caller's socket is full."""
        ...

    def caller_ready(self) -> None:
        """It takes bytes again."""
        ...

    def expire(self, now_ns: int) -> None:
        """The deadline that the work set on its connection has passed."""
        ...


class House(Protocol):
    """What answers requests."""

    deadlines: Deadlines
    draining: bool
    body_bytes: int
    mono_ns: Callable[[], int]
    outbox: Outbox

    def serve(self, client: ClientConnection, request: Request) -> None: ...
    def opened(self, client: ClientConnection) -> None: ...
    def closed(self, client: ClientConnection) -> None: ...


class ClientConnection(asyncio.Protocol):
    """A caller's connection. While `work` is set, a request is being answered and `deadline_ns` is the work's. `write`
    sends bytes of an answer, with the other writes of this turn."""

    write: Callable[[bytes], None]

    def __init__(self, house: House) -> None:
        self.deadline_ns = house.mono_ns() + _ARRIVAL_NS
        self.work: Work | None = None
        self.arrived_ns = 0
        self._unsent = self._begun_ns = 0
        self._house = house
        self._outbox = house.outbox
        self._reader = RequestReader(body_bytes=house.body_bytes)
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._lingering = self._closed = self._paused = False
        self._serving = self._goes_on = False

    @property
    def draining(self) -> bool:
        """Whether the house closes, and connections with it."""
        return self._house.draining

    @property
    def idle(self) -> bool:
        """Whether nothing is being answered and no part of a request has come."""
        return self.work is None and not self._reader.begun

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
        self.write = partial(self._outbox.put, self._transport)
        self._house.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        if self.work is not None:
            self._keep(data)
            return
        self.arrived_ns = self._house.mono_ns()
        self._receive(data)

    def eof_received(self) -> None:
        """A caller that shuts its side down has left: keeping its call would bill for nobody."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        work, self.work = self.work, None
        self._house.closed(self)
        if work is not None:
            work.caller_left()

    def pause_writing(self) -> None:
        if self.work is not None:
            self.work.caller_slow()

    def resume_writing(self) -> None:
        if self.work is not None:
            self.work.caller_ready()

    def finished(self, keep_alive: bool) -> None:
        """The answer is written: on to the next request, or close."""
        self.work, house = None, self._house
        if not keep_alive or house.draining:
            self.close()
            return
        self.deadline_ns = house.mono_ns() + _IDLE_NS
        if self._reader.held:
            self.arrived_ns = house.mono_ns()
            if self._paused:
                self._paused = False
                self._transport.resume_reading()
            if self._serving:
                self._goes_on = True
            else:
                self._receive(b"")

    def refuse(self, refusal: Refusal, request: Request | None = None) -> None:
        """Answer with an error of our own."""
        keep_alive = request is not None and request.keep_alive and not refusal.close and not self._house.draining
        head_only = request is not None and request.method == "HEAD"
        self.write(heads.refusal_answer(refusal, keep_alive, with_body=not head_only))
        if refusal.close:
            self._linger()
        else:
            self.finished(keep_alive)

    def close(self) -> None:
        """Close when what was written is sent."""
        self._outbox.flush()
        self.deadline_ns = self._house.mono_ns() + _ARRIVAL_NS
        self._transport.close()

    def cut_off(self) -> None:
        """End at once, whatever is under way."""
        work, self.work = self.work, None
        if work is not None:
            work.cut_off()
        self._transport.abort()

    def expire(self, now_ns: int) -> None:
        """Called by Deadlines."""
        if self.work is not None:
            self.work.expire(now_ns)
        elif self._is_taking_bytes():
            self.deadline_ns = now_ns + _ARRIVAL_NS
        elif self._lingering or not self._reader.begun or self._transport.is_closing():
            self._transport.abort()
        else:
            self.refuse(Refusal(408, "request_timeout", "the request did not arrive in time", close=True))

    def _is_taking_bytes(self) -> bool:
        """Whether a slow caller has taken some of its answer since this was last asked."""
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        return self._unsent > 0 and (not before or self._unsent < before)

    def _receive(self, data: bytes) -> None:
        """Requests that are answered at once are served one after the other: within one another, as many as a caller
        can send together would go too deep."""
        self._serving = True
        self._serve(data)
        while self._goes_on:
            self._goes_on = False
            self._serve(b"")
        self._serving = False

    def _serve(self, data: bytes) -> None:
        reader = self._reader
        try:
            request = reader.receive(data)
        except Refusal as refusal:
            self.refuse(refusal)
            return
        if request is not None:
            self._begun_ns = 0
            self._house.serve(self, request)
            return
        if reader.expects_continue:
            self.write(CONTINUE)
        if reader.begun:
            self._await_rest(self.arrived_ns)

    def _await_rest(self, now_ns: int) -> None:
        """A head has 30 s from its first byte, however it trickles; a body so long between reads, and 5 min in all."""
        begun_ns = self._begun_ns = self._begun_ns or now_ns
        whole_ns = _ARRIVAL_NS if self._reader.in_head else _BODY_NS
        self.deadline_ns = min(now_ns + _ARRIVAL_NS, begun_ns + whole_ns)

    def _keep(self, data: bytes) -> None:
        """Bytes that arrive before the answer is out: the next requests of a caller that pipelines."""
        if self._reader.hold(data) > _PIPELINE_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _linger(self) -> None:
        """Let the refusal arrive: closing on unread bytes would reset the connection and lose it (RFC 9112, 9.6)."""
        self._lingering = True
        self.work = None
        self.deadline_ns = self._house.mono_ns() + _LINGER_NS
        self._outbox.flush()
        if self._transport.can_write_eof():
            self._transport.write_eof()
