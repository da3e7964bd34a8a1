"""Kept-alive connections to one upstream, the last used first."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol

from serinus.gateway.deadlines import NEVER, Deadlines
from serinus.gateway.outbox import Outbox
from serinus.gateway.routes import Target
from serinus.gateway.upstream import UpstreamConnection

_IDLE_NS = 55_000_000_000
_MAX_IDLE = 1024


class Waiting(Protocol):
    """A call that waits for a connection."""

    def connected(self, connection: UpstreamConnection, now_ns: int) -> None: ...
    def not_connected(self, error: Exception) -> None: ...


class Pool:
    """Connections to one target. Not bounded in number: admission bounds the calls."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        target: Target,
        deadlines: Deadlines,
        mono_ns: Callable[[], int],
        outbox: Outbox,
    ) -> None:
        self.post = outbox.put
        self.mono_ns = mono_ns
        self._loop = loop
        self._host, self._port = target.host, target.port
        self._context: ssl.SSLContext | None = target.context()
        self._deadlines = deadlines
        self._idle: list[UpstreamConnection] = []
        self._connecting: dict[Waiting, asyncio.Task[None]] = {}
        self._closed = False

    def take(self, now_ns: int) -> UpstreamConnection | None:
        """A connection that is alive as far as can be seen; None when there is none."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            connection.deadline_ns = NEVER
            if not connection.is_stale(now_ns):
                return connection
            connection.abort()
        return None

    def connect(self, call: Waiting) -> None:
        """Open a connection and hand it to the call."""
        task = self._loop.create_task(self._open(call))
        self._connecting[call] = task

    def give_up(self, call: Waiting) -> None:
        """The call no longer waits."""
        task = self._connecting.pop(call, None)
        if task is not None:
            task.cancel()

    def give_back(self, connection: UpstreamConnection, now_ns: int) -> None:
        """Keep a connection for the next call."""
        if self._closed or len(self._idle) >= _MAX_IDLE:
            connection.abort()
            return
        connection.idle_since_ns = now_ns
        connection.deadline_ns = now_ns + _IDLE_NS
        self._idle.append(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        """Forget a closed connection."""
        self._deadlines.forget(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close idle connections now, the others when their calls end."""
        self._closed = True
        for connection in list(self._idle):
            connection.abort()

    async def _open(self, call: Waiting) -> None:
        try:
            _, connection = await self._loop.create_connection(
                lambda: UpstreamConnection(self),
                self._host,
                self._port,
                ssl=self._context,
                server_hostname=self._host if self._context else None,
            )
        except OSError as error:  # refused, unreachable, unknown host, certificate refused
            if self._connecting.pop(call, None) is not None:
                call.not_connected(error)
            return
        self._deadlines.watch(connection)
        if self._connecting.pop(call, None) is not None:
            call.connected(connection, self.mono_ns())
        else:
            self.give_back(connection, self.mono_ns())
