"""Writes of one turn of the loop: the first at once, the others together at the turn's end.

A write to a peer on the same machine wakes it, which is dear; peers that are written to in one go are awake for the
next write already. A lone write waits for nothing, the others for no longer than the turn or some other writes.
"""

from __future__ import annotations

import asyncio

_MAX_WRITES = 64


class Outbox:
    """Takes bytes for transports. `flush` before closing one, so that nothing is lost."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._writes: list[tuple[asyncio.Transport, bytes]] = []
        self._in_turn = False

    def put(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write now or at the end of this turn, in order."""
        if not self._in_turn:
            self._in_turn = True
            self._loop.call_soon(self._end_turn)
            if not transport.is_closing():
                transport.write(data)
            return
        writes = self._writes
        writes.append((transport, data))
        if len(writes) >= _MAX_WRITES:
            self.flush()

    def flush(self) -> None:
        """Write now."""
        writes = self._writes
        if writes:
            self._writes = []
            for transport, data in writes:
                if not transport.is_closing():  # it may have died since; the others must not suffer
                    transport.write(data)

    def _end_turn(self) -> None:
        self._in_turn = False
        self.flush()
