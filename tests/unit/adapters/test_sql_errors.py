"""Driver errors become Serinus's own."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from psycopg import errors

from serinus.adapters.sql_errors import translated
from serinus.core.errors import Conflict, Contended, InvalidInput, SerinusError, StoreUnavailable


def sqlite_error(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    """An error as the driver raises it."""
    error = kind("text")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), Contended),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_BUSY_SNAPSHOT), Contended),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_LOCKED), Contended),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_FULL), StoreUnavailable),
        (sqlite_error(sqlite3.OperationalError, sqlite3.SQLITE_IOERR), StoreUnavailable),
        (sqlite_error(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), StoreUnavailable),
        (sqlite_error(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT), Conflict),
        (errors.SerializationFailure("text"), Contended),
        (errors.DeadlockDetected("text"), Contended),
        (errors.LockNotAvailable("text"), Contended),
        (errors.UniqueViolation("text"), Conflict),
        (errors.UntranslatableCharacter("text"), InvalidInput),
        (errors.AdminShutdown("text"), StoreUnavailable),
        (errors.DiskFull("text"), StoreUnavailable),
        (psycopg.OperationalError("text"), StoreUnavailable),
        (psycopg.errors.InsufficientPrivilege("text"), StoreUnavailable),
    ],
)
def test_each_driver_error_has_its_meaning(error: Exception, expected: type[SerinusError]) -> None:
    """What a caller should do decides the class: try again, decide anew, mend the input, or see to the server."""
    assert type(translated(error, "control.db")) is expected


def test_other_errors_pass() -> None:
    """What is not a driver's is not touched."""
    assert translated(KeyError("x"), "control.db") is None


def test_values_of_a_row_are_not_repeated() -> None:
    """Only the first line of the driver's text is kept: the second quotes values."""
    told = translated(errors.UniqueViolation("duplicate key\nDETAIL: Key (sha256)=(abc)"), "postgresql")
    assert str(told) == "postgresql: duplicate key (read the current state and decide anew)"
