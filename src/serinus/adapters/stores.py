"""Open the stores that a URL names."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError

from serinus.adapters.clock import SystemClock
from serinus.adapters.memory_control import new_secrets
from serinus.adapters.memory_store import memory_stores
from serinus.adapters.sql_changes import Changes, PostgresChanges, SqliteChanges
from serinus.adapters.sql_control import SqlControlStore
from serinus.adapters.sql_engine import postgres_conninfo, postgres_engine, postgres_url, sqlite_engine
from serinus.adapters.sql_migrate import migrate
from serinus.adapters.sql_telemetry import SqlTelemetryStore
from serinus.core.errors import InvalidInput
from serinus.ports.control_store import ControlStore, Secrets
from serinus.ports.prices import NoPrices, PriceTable
from serinus.ports.telemetry_store import TelemetryStore

SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql://", "postgres://")
MEMORY = "memory:"


def open_stores(
    url: str,
    *,
    now_us: Callable[[], int],
    random_bytes: Callable[[int], bytes],
    project: str = "default",
    prices: PriceTable | None = None,
) -> tuple[ControlStore, TelemetryStore]:
    """The control and the telemetry store at `url`, brought up to this version's schema; the project's secrets are
    made when it has none.

    `sqlite:///DIR` keeps them in DIR/control.db and DIR/telemetry.db (two files, so that telemetry never makes a
    release wait), which other processes may open too; `postgresql://…` in one database; `memory:` in this process.
    `prices` are the list prices that snapshots go by; None: only those that the project declares.
    InvalidInput for another URL, StoreUnavailable when the server cannot be reached.
    """
    if url == MEMORY:
        return memory_stores(random_bytes, prices)
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        return _open_sqlite(Path(url.removeprefix(SQLITE)), now_us, random_bytes, project, prices or NoPrices())
    if url.startswith(POSTGRESQL):
        return _open_postgres(url, now_us, random_bytes, project, prices or NoPrices())
    raise InvalidInput(
        f"not a store: {url.partition('://')[0]}", where="store URL", mend="use sqlite:///DIR or postgresql://…"
    )


def _open_sqlite(
    directory: Path, now_us: Callable[[], int], random_bytes: Callable[[int], bytes], project: str, prices: PriceTable
) -> tuple[ControlStore, TelemetryStore]:
    control_file = directory / "control.db"
    return _open(
        sqlite_engine(control_file, synchronous="FULL"),
        sqlite_engine(directory / "telemetry.db", synchronous="NORMAL"),
        SqliteChanges(control_file, SystemClock()),
        (new_secrets(random_bytes), now_us()),
        project,
        prices,
    )


def _open_postgres(
    url: str, now_us: Callable[[], int], random_bytes: Callable[[int], bytes], project: str, prices: PriceTable
) -> tuple[ControlStore, TelemetryStore]:
    try:
        parsed = postgres_url(url)
    except ArgumentError as error:
        raise InvalidInput(
            "not a PostgreSQL URL", where="store URL", mend="use postgresql://user@host/database"
        ) from error
    return _open(
        postgres_engine(parsed),
        postgres_engine(parsed),
        PostgresChanges(postgres_conninfo(parsed), project, SystemClock()),
        (new_secrets(random_bytes), now_us()),
        project,
        prices,
    )


def _open(
    control: Engine,
    telemetry: Engine,
    changes: Changes,
    made: tuple[Secrets, int],
    project: str,
    prices: PriceTable,
) -> tuple[ControlStore, TelemetryStore]:
    with ExitStack() as opened:
        opened.callback(control.dispose)
        opened.callback(telemetry.dispose)
        migrate(control, "control")
        migrate(telemetry, "telemetry")
        control_store = SqlControlStore(control, project, changes, prices)
        control_store.make_secrets(*made)
        opened.pop_all()
        return control_store, SqlTelemetryStore(telemetry, project)
