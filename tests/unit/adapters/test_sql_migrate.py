"""The migrations build the schema that the code describes, once, and refuse a newer one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, text

from serinus.adapters.schema import control
from serinus.adapters.schema_evaluation import evaluation
from serinus.adapters.schema_telemetry import telemetry
from serinus.adapters.sql_engine import begun, postgres_engine, postgres_url, sqlite_engine
from serinus.adapters.sql_migrate import migrate
from serinus.core.errors import FormatError
from tests import postgres

STORES = {"control": control, "telemetry": telemetry, "evaluation": evaluation}

SQLITE_CATALOGUE = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'schema_version%'"
POSTGRES_CATALOGUE = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default, ordinal_position"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two empty databases of a kind."""
    if request.param == "sqlite":
        pair = [sqlite_engine(tmp_path / name, "NORMAL") for name in ("one.db", "two.db")]
    else:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        pair = [postgres_engine(postgres_url(server.database(f"{tmp_path.name} {name}"))) for name in ("1", "2")]
    yield pair[0], pair[1]
    for engine in pair:
        engine.dispose()


def catalogue(engine: Engine) -> set[tuple[object, ...]]:
    """All that the database knows of its tables, indexes, constraints and triggers, without the version table."""
    queries = (SQLITE_CATALOGUE,) if engine.dialect.name == "sqlite" else POSTGRES_CATALOGUE
    with begun(engine) as connection:
        rows = [tuple(row) for query in queries for row in connection.execute(text(query))]
    normal = ({" ".join(str(value).split()) for value in row} for row in rows)
    return {tuple(sorted(row)) for row in normal if not any("schema_version" in value for value in row)}


@pytest.mark.parametrize("store", sorted(STORES))
def test_migrations_build_the_schema_that_the_code_describes(engines: tuple[Engine, Engine], store: str) -> None:
    """Migrated from nothing == created from the metadata, to the last constraint and trigger."""
    migrated, created = engines
    migrate(migrated, store)
    metadata: MetaData = STORES[store]
    with begun(created) as connection:
        metadata.create_all(connection)
    assert catalogue(migrated) == catalogue(created)
    assert len(catalogue(created)) > 1


@pytest.mark.parametrize("store", sorted(STORES))
def test_a_migrated_store_is_left_alone(engines: tuple[Engine, Engine], store: str) -> None:
    """A second run changes nothing."""
    engine, _ = engines
    migrate(engine, store)
    before = catalogue(engine)
    migrate(engine, store)
    assert catalogue(engine) == before


def test_a_newer_schema_is_refused(engines: tuple[Engine, Engine]) -> None:
    """A store that a newer Serinus has migrated is not touched, and the error says what to run."""
    engine, _ = engines
    migrate(engine, "control")
    with begun(engine) as connection:
        connection.execute(text("UPDATE schema_version_control SET version_num = 'control_9999'"))
    before = catalogue(engine)
    with pytest.raises(FormatError, match="newest Serinus"):
        migrate(engine, "control")
    assert catalogue(engine) == before


def test_both_stores_fit_into_one_database(engines: tuple[Engine, Engine]) -> None:
    """No table, index or version of one store is in the way of the other."""
    engine, _ = engines
    migrate(engine, "telemetry")
    before = catalogue(engine)
    migrate(engine, "control")
    assert before < catalogue(engine)


@pytest.mark.parametrize("metadata", STORES.values(), ids=STORES)
def test_the_project_leads_every_key(metadata: MetaData) -> None:
    """project_id is the first column of every primary key, unique constraint and index."""
    for table in metadata.tables.values():
        keys = [list(table.primary_key.columns)]
        keys += [list(index.columns) for index in table.indexes]
        keys += [list(c.columns) for c in table.constraints if hasattr(c, "columns") and len(c.columns)]
        assert {key[0].name for key in keys} == {"project_id"}, table.name
