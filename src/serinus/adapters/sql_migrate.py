"""Bring a database up to this version's schema, whoever comes first."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, func, select

from serinus.core.errors import FormatError

_MIGRATIONS = Path(__file__).parent / "migrations"
_WAIT_S = 60
# Any constant of our own: "serinus" in ASCII.
_ADVISORY_LOCK = int.from_bytes(b"serinus", "big")


def migrate(engine: Engine, store: str) -> None:
    """Run the missing migrations of `store` (`control` or `telemetry`) in one transaction. Processes that start at the
    same time wait for each other. FormatError when a newer Serinus has migrated further than this one knows."""
    config = _config(store)
    head = ScriptDirectory.from_config(config).get_current_head()
    with engine.begin() as connection:  # on SQLite this is the write lock
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_S}s'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        version_table = config.get_main_option("version_table")
        current = MigrationContext.configure(connection, opts={"version_table": version_table})
        if current.get_current_revision() == head:
            return
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise FormatError(
                f"the {store} store has a schema this version does not know: {error}",
                where=store,
                mend="run the newest Serinus that has used this store",
            ) from error


def _config(store: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(_MIGRATIONS / store).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_table", f"schema_version_{store}")
    return config
