"""What Alembic runs: the migrations of one store over the connection that `sql_migrate` hands in."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.get_main_option("version_table"),
    transaction_per_migration=False,
)
context.run_migrations()
