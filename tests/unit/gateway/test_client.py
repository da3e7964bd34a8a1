"""A caller's connection: its limits in time, and one request after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from serinus.core.wire.request import Request
from serinus.gateway.client import ClientConnection
from serinus.gateway.deadlines import Deadlines
from serinus.gateway.outbox import Outbox

S = 1_000_000_000
HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
WHOLE = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


class Loop:
    """Runs what is due at the end of the turn when told."""

    def __init__(self) -> None:
        self.later: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.later.append(callback)

    def turn(self) -> None:
        while self.later:
            self.later.pop()()


class Transport:
    """Records what is done to it."""

    def __init__(self) -> None:
        self.written = b""
        self.aborted = self.closed = self.ended = False
        self.paused = False
        self.unsent = 0

    def set_write_buffer_limits(self, high: int) -> None: ...
    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class House:
    """Takes requests and answers none by itself; its clock is set by hand."""

    def __init__(self) -> None:
        self.now = S
        self.deadlines = Deadlines()
        self.draining = False
        self.body_bytes = 1000
        self.loop = Loop()
        self.outbox = Outbox(cast("asyncio.AbstractEventLoop", self.loop))
        self.served: list[Request] = []
        self.transport = Transport()
        self.client = ClientConnection(self)
        self.client.connection_made(cast("asyncio.Transport", self.transport))

    def mono_ns(self) -> int:
        return self.now

    def serve(self, client: ClientConnection, request: Request) -> None:
        self.served.append(request)
        client.work = cast("Any", self)

    def opened(self, client: ClientConnection) -> None: ...
    def closed(self, client: ClientConnection) -> None: ...

    def receive(self, data: bytes, after_s: float = 0.0) -> None:
        """Bytes come some time later, unless a deadline passes before."""
        self.now += int(after_s * S)
        if self.client.deadline_ns < self.now:
            self.client.expire(self.now)
            self.loop.turn()
            return
        self.client.data_received(data)


@pytest.fixture
def house() -> House:
    """A house with one connection."""
    return House()


def test_a_head_that_trickles_is_refused_after_30_s(house: House) -> None:
    """One byte now and then does not hold a connection."""
    for byte in HEAD[:20]:
        house.receive(bytes((byte,)), after_s=2.0)
    assert house.transport.written.startswith(b"HTTP/1.1 408")
    assert house.transport.ended


def test_a_body_may_take_longer_as_long_as_it_comes(house: House) -> None:
    """Each read renews it, up to five minutes in all."""
    house.receive(HEAD)
    for _ in range(12):
        house.receive(b"x" * 8, after_s=20.0)
    assert house.transport.written == b""
    for _ in range(6):
        house.receive(b"x", after_s=20.0)
    assert house.transport.written.startswith(b"HTTP/1.1 408")


def test_a_body_that_stops_is_refused(house: House) -> None:
    """Thirty seconds of silence are enough."""
    house.receive(HEAD)
    house.receive(b"x", after_s=31.0)
    assert house.transport.written.startswith(b"HTTP/1.1 408")


def test_an_idle_connection_is_closed_without_a_word(house: House) -> None:
    """Nothing was asked, so nothing is answered."""
    house.receive(b"x", after_s=31.0)
    assert house.transport.aborted
    assert house.transport.written == b""


def test_requests_are_served_one_at_a_time(house: House) -> None:
    """What comes before the answer waits; too much of it stops the reading."""
    house.receive(WHOLE % 1 + WHOLE % 2)
    house.receive(WHOLE % 3)
    assert [request.path for request in house.served] == ["/1"]
    house.client.finished(keep_alive=True)
    house.client.finished(keep_alive=True)
    assert [request.path for request in house.served] == ["/1", "/2", "/3"]
    house.receive(b"x" * 70_000)
    assert house.transport.paused


def test_a_slow_reader_of_a_finished_answer_is_given_time_while_it_reads(house: House) -> None:
    """As long as some bytes leave; then it is cut off."""
    house.receive(WHOLE % 1)
    house.client.finished(keep_alive=True)
    for unsent in (5000, 4000, 10):
        house.transport.unsent = unsent
        house.client.expire(house.now)
        assert not house.transport.aborted
    house.client.expire(house.now)
    assert house.transport.aborted


def test_nothing_more_is_read_from_a_refused_connection(house: House) -> None:
    """The refusal is sent whole, our side is shut, and what still comes is thrown away."""
    house.receive(b"GET / HTTP/1.1\nHost: a\n\n" + WHOLE % 1)
    house.receive(WHOLE % 2)
    house.loop.turn()
    assert house.served == []
    assert house.transport.written.count(b"HTTP/1.1") == 1
    house.receive(b"", after_s=3.0)
    assert house.transport.aborted
