"""Writes of one turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from serinus.gateway.outbox import Outbox


class Loop:
    """Keeps what is to run at the end of the turn."""

    def __init__(self) -> None:
        self.later: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.later.append(callback)


class Sink:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        self.written.append(data)


def test_the_first_write_of_a_turn_leaves_at_once_and_the_others_at_its_end() -> None:
    """In order, one callback per turn; an early flush loses and repeats nothing; many writes do not wait."""
    loop, sink = Loop(), Sink()
    outbox = Outbox(cast("asyncio.AbstractEventLoop", loop))
    transport = cast("asyncio.Transport", sink)
    for data in (b"1", b"2", b"3"):
        outbox.put(transport, data)
    assert (sink.written, len(loop.later)) == ([b"1"], 1)
    outbox.flush()
    loop.later.pop()()
    assert sink.written == [b"1", b"2", b"3"]
    for _ in range(1000):
        outbox.put(transport, b"x")
    assert len(loop.later) == 1
    assert len(sink.written) > 900
    loop.later.pop()()
    assert len(sink.written) == 1003


def test_a_transport_that_died_meanwhile_takes_nothing_from_the_others() -> None:
    """Its bytes are dropped: its own protocol hears of the loss."""
    loop, first, dead, alive = Loop(), Sink(), Sink(), Sink()
    outbox = Outbox(cast("asyncio.AbstractEventLoop", loop))
    for sink in (first, dead, alive):
        outbox.put(cast("asyncio.Transport", sink), b"x")
    dead.closing = True
    outbox.flush()
    assert (first.written, dead.written, alive.written) == ([b"x"], [], [b"x"])
