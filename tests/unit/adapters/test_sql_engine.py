"""Engines wait for a bounded time, keep files private, and come back after an outage."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from serinus.adapters import sql_engine
from serinus.adapters.sql_engine import begun, postgres_engine, postgres_url, sqlite_engine
from serinus.adapters.stores import open_stores
from serinus.core.errors import Contended, InvalidInput, StoreUnavailable
from tests import postgres
from tests.conftest import NOW_US, counted_bytes
from tests.contract.values import publish


def test_sqlite_files_are_private(tmp_path: Path) -> None:
    """Files are 0600 and a new directory 0700, whatever the umask, WAL and shared memory included."""
    before = os.umask(0)
    try:
        engine = sqlite_engine(tmp_path / "new" / "control.db", "FULL")
        with begun(engine) as connection:
            connection.execute(text("CREATE TABLE t (i INTEGER)"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "new").iterdir()}
        engine.dispose()
    finally:
        os.umask(before)
    assert modes == {"control.db": 0o600, "control.db-wal": 0o600, "control.db-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.parametrize(("synchronous", "number"), [("FULL", 2), ("NORMAL", 1)])
def test_sqlite_is_wal_and_as_durable_as_asked(tmp_path: Path, synchronous: str, number: int) -> None:
    """Every connection has the journal mode and the durability of its store."""
    engine = sqlite_engine(tmp_path / "x.db", synchronous)
    with begun(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == number
    engine.dispose()


_TRY_LOCK = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
except OSError:
    sys.exit(3)
"""
"""SQLite's shared locks lie on these bytes; a connection to a file in WAL mode holds one for as long as it lasts."""


def test_a_second_engine_drops_no_locks_of_the_first(tmp_path: Path) -> None:
    """POSIX locks are the process's: opening and closing the file beside SQLite would drop them, and the last of
    another process's connections would delete the log that this one still reads."""
    file = tmp_path / "x.db"
    first = sqlite_engine(file, "NORMAL")
    with begun(first) as connection:
        connection.execute(text("CREATE TABLE t (i INTEGER)"))
        second = sqlite_engine(file, "NORMAL")
        taken = subprocess.run([sys.executable, "-c", _TRY_LOCK, str(file)], check=False)
        assert taken.returncode == 3
    for engine in (first, second):
        engine.dispose()
    assert subprocess.run([sys.executable, "-c", _TRY_LOCK, str(file)], check=False).returncode == 0


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A path through a file is invalid input, with what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match=r"file/control\.db.*directory"):
        sqlite_engine(tmp_path / "file" / "control.db", "FULL")


def test_a_directory_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    """It is no store that is away for a while, which somebody would wait for."""
    (tmp_path / "control.db").mkdir()
    with pytest.raises(InvalidInput, match=r"control\.db: cannot be opened: Is a directory"):
        sqlite_engine(tmp_path / "control.db", "FULL")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """Foreign bytes are not overwritten."""
    (tmp_path / "control.db").write_bytes(b"something else entirely, long enough" * 100)
    with pytest.raises(StoreUnavailable, match=r"control\.db: file is not a database"):
        sqlite_engine(tmp_path / "control.db", "FULL")


def test_a_foreign_writer_is_waited_for_and_then_given_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write lock held by a foreign process ends in Contended after the lock timeout; readers are not disturbed."""
    monkeypatch.setattr(sql_engine, "LOCK_TIMEOUT_S", 0.1)
    engine = sqlite_engine(tmp_path / "x.db", "FULL")
    foreign = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with begun(engine, **sql_engine.READ_ONLY) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    with pytest.raises(Contended, match="locked"), begun(engine):
        raise AssertionError("began beside a foreign writer")
    foreign.close()
    with begun(engine):
        pass
    engine.dispose()


def test_no_connection_left_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all connections are in use for too long, the store is unavailable, and says why."""
    monkeypatch.setattr(sql_engine, "LOCK_TIMEOUT_S", 0.05)
    engine = sqlite_engine(tmp_path / "x.db", "FULL")
    held = [engine.connect() for _ in range(16)]
    with pytest.raises(StoreUnavailable, match="in use"), begun(engine):
        raise AssertionError("a seventeenth connection")
    for connection in held:
        connection.close()
    engine.dispose()


@pytest.mark.postgres
def test_options_of_the_url_win(postgres_url: str) -> None:
    """Settings that the URL gives come after ours."""
    engine = postgres_engine(sql_engine.postgres_url(postgres_url + "&options=-c%20lock_timeout%3D77ms"))
    with begun(engine) as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "77ms"
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "5s"
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"
    engine.dispose()


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """A server that a test may stop."""
    with postgres.server() as running:
        yield running


def seconds_to_refuse(store: object) -> float:
    """How long a transaction takes to say that the store is away."""
    begun_at = time.monotonic()
    with pytest.raises(StoreUnavailable), store.tx():  # type: ignore[attr-defined]
        raise AssertionError("a transaction without a server")
    return time.monotonic() - begun_at


@pytest.mark.postgres
@pytest.mark.process
def test_a_server_that_was_away_is_used_again(own_server: postgres.Server) -> None:
    """While the server is gone every call says StoreUnavailable within seconds; the first call after its return
    succeeds, with everything that was committed; a waiter neither raises nor spins."""
    control, telemetry = open_stores(own_server.url, now_us=lambda: NOW_US, random_bytes=counted_bytes())
    with control.tx() as tx:
        publish(tx, b"before")
    control.wait_change(0)

    own_server.stop()
    assert seconds_to_refuse(control) < 3
    assert seconds_to_refuse(telemetry) < 3
    with pytest.raises(StoreUnavailable):
        control.latest_snapshot()
    with pytest.raises(StoreUnavailable):
        control.claim("a", None)
    begun_at = time.monotonic()
    assert control.wait_change(0.3)
    assert 0.2 < time.monotonic() - begun_at < 3
    with pytest.raises(StoreUnavailable):
        open_stores(own_server.url, now_us=lambda: NOW_US, random_bytes=counted_bytes())

    own_server.start()
    assert control.latest_snapshot() == (1, b"before")
    with control.tx() as tx:
        assert publish(tx) == 2
    with telemetry.tx() as tx:
        assert tx.offset("a") == 0
    assert control.wait_change(10)
    control.close()
    telemetry.close()


@pytest.mark.postgres
@pytest.mark.process
def test_a_connection_cut_in_a_transaction_changes_nothing(postgres_url: str) -> None:
    """When the server ends a session in mid-transaction, the caller hears StoreUnavailable and nothing is kept."""
    control, telemetry = open_stores(
        postgres_url, now_us=lambda: NOW_US, random_bytes=counted_bytes(), project="cut in a transaction"
    )

    def cut() -> None:
        with control.tx() as tx:
            publish(tx)
            with psycopg.connect(postgres_url, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'serinus' AND state = 'idle in transaction'"
                )
            publish(tx)

    with pytest.raises(StoreUnavailable):
        cut()
    assert control.latest_snapshot() is None
    with control.tx() as tx:
        assert publish(tx) == 1
    control.close()
    telemetry.close()


def test_a_server_that_does_not_exist_is_told_quickly() -> None:
    """Nobody listens: StoreUnavailable at once, without the password."""
    url = "postgresql://ada:sesame@127.0.0.1:1/x"
    begun_at = time.monotonic()
    with pytest.raises(StoreUnavailable) as raised:
        open_stores(url, now_us=lambda: NOW_US, random_bytes=counted_bytes())
    assert time.monotonic() - begun_at < 3
    assert "sesame" not in str(raised.value)
    assert postgres_url(url).drivername == "postgresql+psycopg"
