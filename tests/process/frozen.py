"""A process stopped by SIGSTOP where it holds nothing that others wait for."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

SQLITE = "sqlite:///"
_WAIT_S = 3.0


def freeze_between_writes(pid: int, store: str) -> None:
    """SIGSTOP, at another moment if it is in the middle of a write: SQLite's lock would be held for as long as it is
    stopped, by nobody's fault, and no other control could lead."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        if not _is_locked(store):
            return
        os.kill(pid, signal.SIGCONT)


def _is_locked(store: str) -> bool:
    """Whether a writer of an SQLite store waits in vain."""
    if not store.startswith(SQLITE):
        return False
    for name in ("control.db", "telemetry.db"):
        path = Path(store.removeprefix(SQLITE)) / name
        with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
    return False
