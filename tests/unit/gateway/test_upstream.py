"""One upstream connection: blame, reuse, and what happens to a connection that nobody waits on."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

import pytest

from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault
from serinus.core.wire.response import ResponseReader
from serinus.gateway.upstream import UpstreamConnection

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Transport:
    """Records what is done to it; its socket is one end of a real pair."""

    def __init__(self) -> None:
        self.written = b""
        self.aborted = False
        self.socket, self.peer = socket.socketpair()

    def get_extra_info(self, name: str) -> socket.socket:
        return self.socket

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


class Home:
    """A pool that only remembers; its clock is set by hand."""

    def __init__(self) -> None:
        self.now = 1
        self.back: list[UpstreamConnection] = []
        self.gone: list[UpstreamConnection] = []

    def mono_ns(self) -> int:
        return self.now

    def post(self, transport: Any, data: bytes) -> None:
        transport.write(data)

    def give_back(self, connection: UpstreamConnection, now_ns: int) -> None:
        connection.idle_since_ns = now_ns
        self.back.append(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        self.gone.append(connection)


class Waiter:
    """A call that remembers what it was told."""

    def __init__(self) -> None:
        self.body = b""
        self.over = False
        self.fault: UpstreamFault | None = None

    def upstream_data(self, reader: ResponseReader, body: bytes, now_ns: int) -> None:
        self.body += body

    def upstream_end(self, reader: ResponseReader) -> None:
        self.over = True

    def upstream_failed(self, fault: UpstreamFault) -> None:
        self.fault = fault


class Scene:
    """A connection between a home, a transport and a call."""

    def __init__(self) -> None:
        self.home, self.transport, self.call = Home(), Transport(), Waiter()
        self.connection = UpstreamConnection(self.home)
        self.connection.connection_made(cast("asyncio.Transport", self.transport))

    def ask(self) -> None:
        """Send a request for a new call."""
        self.call = Waiter()
        self.connection.send(self.call, b"request", self.home.now)


@pytest.fixture
def scene() -> Any:
    """A connection, closed afterwards."""
    made = Scene()
    yield made
    made.transport.socket.close()
    made.transport.peer.close()


def test_an_answer_gives_the_connection_back_before_the_call_ends(scene: Scene) -> None:
    """Split at every byte, the call gets its body and the pool its connection."""
    for _ in range(2):
        scene.ask()
        for byte in ANSWER:
            scene.connection.data_received(bytes((byte,)))
        assert (scene.call.body, scene.call.over) == (b"ok", True)
    assert scene.home.back == [scene.connection] * 2
    assert scene.transport.written == b"requestrequest"


@pytest.mark.parametrize(("idle_s", "error"), [(0.2, ErrorClass.UPSTREAM_CUT), (5.0, ErrorClass.INFRASTRUCTURE)])
def test_a_connection_closed_for_idleness_is_nobodys_failure(scene: Scene, idle_s: float, error: ErrorClass) -> None:
    """Only one that was idle for long enough; a busy one that dies is the upstream's failure."""
    scene.ask()
    scene.connection.data_received(ANSWER)
    scene.home.now += int(idle_s * 1e9)
    scene.ask()
    scene.connection.connection_lost(ConnectionResetError())
    assert scene.call.fault is not None
    assert scene.call.fault.error is error


def test_once_a_byte_has_come_a_death_is_a_cut(scene: Scene) -> None:
    """However long the connection was idle before."""
    scene.ask()
    scene.connection.data_received(ANSWER)
    scene.home.now += 10**10
    scene.ask()
    scene.connection.data_received(b"HTTP/1.1 200")
    scene.connection.eof_received()
    assert scene.call.fault is not None
    assert scene.call.fault.error is ErrorClass.UPSTREAM_CUT


def test_a_dead_connection_is_seen_before_it_is_used(scene: Scene) -> None:
    """The peer's close, or bytes that answer nothing, make an idle connection stale."""
    scene.connection.idle_since_ns = 1
    assert not scene.connection.is_stale(10**9)
    scene.transport.peer.shutdown(socket.SHUT_WR)
    assert scene.connection.is_stale(10**9)


def test_bytes_on_an_idle_connection_close_it(scene: Scene) -> None:
    """An answer to nothing could become the answer to the next call."""
    scene.connection.data_received(ANSWER)
    assert scene.transport.aborted
    assert scene.home.gone == [scene.connection]


def test_an_answer_with_bytes_behind_it_is_not_followed_by_another(scene: Scene) -> None:
    """The call is served, the connection is not used again."""
    scene.ask()
    scene.connection.data_received(ANSWER + b"HTTP/1.1 200 OK\r\n")
    assert scene.call.over
    assert scene.home.back == []
    assert scene.transport.aborted


def test_a_detached_answer_is_read_to_its_end(scene: Scene) -> None:
    """A call that is done early leaves the connection to finish and go home; too slow, it is given up."""
    scene.ask()
    scene.connection.data_received(ANSWER[:-1])
    scene.connection.detach()
    scene.connection.data_received(ANSWER[-1:])
    assert scene.home.back == [scene.connection]
    assert not scene.call.over
    scene.ask()
    scene.connection.detach()
    scene.connection.expire(10**12)
    assert scene.transport.aborted
