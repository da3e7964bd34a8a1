"""Driver errors as Serinus's own: what each database says, and what a caller should do about it."""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from serinus.core.errors import Conflict, Contended, InvalidInput, SerinusError, StoreUnavailable

# serialization_failure, deadlock_detected, lock_not_available
_GAVE_WAY = frozenset({"40001", "40P01", "55P03"})
_SQLITE_GAVE_WAY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def translated(error: BaseException, where: str) -> SerinusError | None:
    """The error that a store raises in place of a driver's; None for what is not a driver's. Of the driver's text only
    the first line is kept: what follows may quote values."""
    if not isinstance(error, (sqlite3.Error, psycopg.Error)):
        return None
    what = str(error).strip().partition("\n")[0] or type(error).__name__
    if _gave_way(error):
        return Contended(what, where=where, mend="do it again")
    if isinstance(error, (sqlite3.IntegrityError, psycopg.IntegrityError)):
        return Conflict(what, where=where, mend="read the current state and decide anew")
    if isinstance(error, (sqlite3.DataError, psycopg.DataError)):
        return InvalidInput(what, where=where, mend="leave out what the database cannot hold")
    return StoreUnavailable(what, where=where, mend="see that the database runs, is reachable and can write")


def _gave_way(error: sqlite3.Error | psycopg.Error) -> bool:
    if isinstance(error, psycopg.Error):
        return error.sqlstate in _GAVE_WAY
    # The low byte is the primary result code, the rest says which kind of it.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE_GAVE_WAY


def translate_errors(engine: Engine, where: str) -> None:
    """Let every statement, connect, commit and rollback of this engine raise Serinus's errors."""

    @event.listens_for(engine, "handle_error")
    def _translate(context: ExceptionContext) -> BaseException | None:
        if context.is_pre_ping:
            return None
        return translated(context.original_exception, where)
