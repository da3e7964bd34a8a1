"""Waiting for a change of the control store: SQLite is polled, PostgreSQL tells, and is polled each second too."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Protocol

import psycopg

from serinus.adapters.sql_releases import CHANNEL
from serinus.ports.clock import Clock

POLL_SQLITE_S = 0.02
POLL_POSTGRES_S = 1.0


class Changes(Protocol):
    """What `ControlStore.wait_change` stands on."""

    def wait(self, timeout_s: float) -> bool:
        """As in the port."""
        ...

    def close(self) -> None:
        """Wake the waiting thread and let the connection go."""
        ...


class SqliteChanges:
    """`PRAGMA data_version` of a connection of its own differs after any commit by another one."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._seen = -1
        self._turn = threading.Lock()
        self._closed = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        deadline_ns = self._clock.mono_ns() + int(timeout_s * 1e9)
        while True:
            left_s = (deadline_ns - self._clock.mono_ns()) / 1e9
            try:
                if self._changed():
                    return True
            except sqlite3.Error:
                self._drop()
                self._closed.wait(max(left_s, 0.0))
                return True
            if left_s <= 0 or self._closed.wait(min(left_s, POLL_SQLITE_S)):
                return False

    def _changed(self) -> bool:
        with self._turn:
            if self._connection is None:
                uri = f"{self._file.absolute().as_uri()}?mode=rw"
                self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
                self._seen = -1
            version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
            changed = version != self._seen
            self._seen = version
            return changed

    def _drop(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def close(self) -> None:
        self._closed.set()
        self._drop()


class PostgresChanges:
    """LISTEN on a connection of its own as the hint, the newest revision and the leader's beat as the truth."""

    def __init__(self, conninfo: str, project: str, clock: Clock) -> None:
        self._conninfo = conninfo
        self._project = project
        self._clock = clock
        self._connection: psycopg.Connection | None = None
        self._seen: tuple[object, ...] = ()
        self._polled_ns = 0
        self._turn = threading.Lock()
        self._closed = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        deadline_ns = self._clock.mono_ns() + int(timeout_s * 1e9)
        with self._turn:
            try:
                return self._wait(deadline_ns)
            except psycopg.Error:
                self._drop()
        self._closed.wait(max(self._left_s(deadline_ns), 0.0))
        return True

    def _left_s(self, until_ns: int) -> float:
        return (until_ns - self._clock.mono_ns()) / 1e9

    def _wait(self, deadline_ns: int) -> bool:
        if self._connection is None:
            self._connection = psycopg.connect(self._conninfo, autocommit=True)
            self._connection.execute(f"LISTEN {CHANNEL}")
            self._poll(self._connection)
            return True
        while not self._closed.is_set():
            left_s = max(self._left_s(deadline_ns), 0.0)
            until_poll_s = max(self._left_s(self._polled_ns) + POLL_POSTGRES_S, 0.0)
            for _ in self._connection.notifies(timeout=min(left_s, until_poll_s), stop_after=1):
                return True
            if self._left_s(self._polled_ns) <= -POLL_POSTGRES_S and self._poll(self._connection):
                return True
            if self._left_s(deadline_ns) <= 0:
                return False
        return False

    def _poll(self, connection: psycopg.Connection) -> bool:
        self._polled_ns = self._clock.mono_ns()
        found = connection.execute(
            "SELECT (SELECT max(revision) FROM snapshot WHERE project_id = %(project)s),"
            " (SELECT max(beat) FROM leader WHERE project_id = %(project)s)",
            {"project": self._project},
        ).fetchone()
        changed = found != self._seen
        self._seen = found or ()
        return changed

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self._closed.set()
        # The waiting thread holds its turn for at most a poll interval.
        if self._turn.acquire(timeout=2 * POLL_POSTGRES_S):
            try:
                self._drop()
            finally:
                self._turn.release()
