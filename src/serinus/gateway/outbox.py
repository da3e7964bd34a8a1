"""Writes of one turn of the loop, done together at its end.

A write to a peer on the same machine wakes it, which is dear; peers that are written to in one go are awake for the
next write already. Nothing waits longer than the turn, nor for more than a few other writes.
"""

from __future__ import annotations

import asyncio

_MAX_WRITES = 64


class Outbox:
    """Takes bytes for transports. `flush` before closing one, so that nothing is lost."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._writes: list[tuple[asyncio.Transport, bytes]] = []

    def put(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write at the end of this turn, in order."""
        writes = self._writes
        writes.append((transport, data))
        if len(writes) == 1:
            self._loop.call_soon(self.flush)
        elif len(writes) >= _MAX_WRITES:
            self.flush()

    def flush(self) -> None:
        """Write now."""
        writes = self._writes
        if writes:
            self._writes = []
            for transport, data in writes:
                if not transport.is_closing():  # it may have died since; the others must not suffer
                    transport.write(data)
