"""Engines for both databases: how they connect, begin, and how long they wait."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serinus.adapters.sql_errors import translate_errors, translated
from serinus.core.errors import InvalidInput, StoreUnavailable

CONNECT_TIMEOUT_S = 2
LOCK_TIMEOUT_S = 5.0
# A process that was stopped within a transaction must not hold its locks for ever: the server ends it.
IDLE_IN_TRANSACTION_S = 5
STATEMENT_TIMEOUT_S = 30

READ_ONLY = {"serinus_read_only": True}


def sqlite_engine(file: Path, synchronous: str) -> Engine:
    """An engine on one SQLite file in WAL mode; the file (0600) and its directory (0700) are made when missing.

    Transactions begin as IMMEDIATE, so that no read in them can be out of date when they come to write; those of
    connections with the option READ_ONLY begin deferred and see one state throughout.
    """
    _make_private(file)
    _make_wal(file)
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"timeout": LOCK_TIMEOUT_S, "check_same_thread": False},
        pool_size=4,
        max_overflow=12,
        pool_timeout=LOCK_TIMEOUT_S,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _record: object) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # BEGIN is ours
        connection.execute(f"PRAGMA synchronous={synchronous}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("serinus_read_only")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    translate_errors(engine, file.name)
    return engine


def _make_private(file: Path) -> None:
    """Make the file when it is missing. One that is there is not opened: closing it again would drop the locks of all
    this process's connections to it (POSIX), and another process would take itself for the last and delete the log."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        elif file.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        elif not os.access(file, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise InvalidInput(
            f"cannot be opened: {error.strerror}", where=str(file), mend="name a directory that this user can write"
        ) from error


def _make_wal(file: Path) -> None:
    """Switch to WAL, which stays with the file. SQLite does not wait for this lock by itself, and another process may
    be switching at the same time."""
    waiting = threading.Event()
    for attempt in range(100):
        connection = sqlite3.connect(file, timeout=LOCK_TIMEOUT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.Error as error:
            if attempt == 99 or "locked" not in str(error):
                raise translated(error, file.name) or error from error
        finally:
            connection.close()
        waiting.wait(0.02)


def postgres_url(url: str) -> URL:
    """The URL with psycopg 3 as the driver."""
    return make_url(url).set(drivername="postgresql+psycopg")


def postgres_arguments(url: URL) -> dict[str, Any]:
    """Connection arguments that bound every wait: a store that is away is noticed within seconds. Options that the URL
    gives itself come last and win."""
    settings = {
        "lock_timeout": f"{LOCK_TIMEOUT_S:g}s",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_S}s",
        "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
    }
    given = url.query.get("options", "")
    return {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 5000,
        "application_name": "serinus",
        "options": f"{' '.join(f'-c {name}={value}' for name, value in settings.items())} {given}".strip(),
    }


def postgres_conninfo(url: URL) -> str:
    """The same connection for psycopg alone."""
    arguments = postgres_arguments(url)
    bare = url.set(drivername="postgresql").difference_update_query(["options"])
    return make_conninfo(bare.render_as_string(hide_password=False), **arguments)


def postgres_engine(url: URL) -> Engine:
    """An engine on PostgreSQL at READ COMMITTED; every connection is tried before it is used, so that the store comes
    back by itself after the server has been away."""
    engine = create_engine(
        url,
        connect_args=postgres_arguments(url),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=4,
        max_overflow=12,
        pool_timeout=LOCK_TIMEOUT_S,
    )
    translate_errors(engine, "postgresql")
    return engine


@contextmanager
def begun(engine: Engine, **options: object) -> Iterator[Connection]:
    """A connection within a transaction that commits at the end and rolls back on any exception."""
    try:
        connection = engine.connect()
    except PoolTimeout as error:
        raise StoreUnavailable(
            "all connections are in use", where="store", mend="see what holds transactions open"
        ) from error
    with connection:
        connection = connection.execution_options(**options)
        with connection.begin():
            yield connection
