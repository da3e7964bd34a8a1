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


def test_writes_leave_in_order_at_the_end_of_the_turn_or_when_flushed() -> None:
    """One callback per turn; an early flush loses and repeats nothing; many writes do not wait for the end."""
    loop, sink = Loop(), Sink()
    outbox = Outbox(cast("asyncio.AbstractEventLoop", loop))
    transport = cast("asyncio.Transport", sink)
    outbox.put(transport, b"1")
    outbox.put(transport, b"2")
    assert (sink.written, len(loop.later)) == ([], 1)
    outbox.flush()
    loop.later.pop()()
    assert sink.written == [b"1", b"2"]
    for _ in range(1000):
        outbox.put(transport, b"x")
    assert len(sink.written) > 900
    outbox.flush()
    assert len(sink.written) == 1002


def test_a_transport_that_died_meanwhile_takes_nothing_from_the_others() -> None:
    """Its bytes are dropped: its own protocol hears of the loss."""
    loop, dead, alive = Loop(), Sink(), Sink()
    outbox = Outbox(cast("asyncio.AbstractEventLoop", loop))
    for sink in (dead, alive):
        outbox.put(cast("asyncio.Transport", sink), b"x")
    dead.closing = True
    outbox.flush()
    assert (dead.written, alive.written) == ([], [b"x"])
