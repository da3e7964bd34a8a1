"""What every SQL transaction stands on: a connection, a project, and the statement forms that both databases share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

Insert: TypeAlias = sqlite.Insert | postgresql.Insert


class SqlTx:
    """A transaction on one project's rows. Subclasses add the methods of a port, a file per subject."""

    def __init__(self, connection: Connection, project: str) -> None:
        self._connection = connection
        self._project = project

    def _insert(self, table: Table) -> Insert:
        """An INSERT that can take ON CONFLICT, in the dialect of the connection."""
        return postgresql.insert(table) if self._connection.dialect.name == "postgresql" else sqlite.insert(table)

    def _own(self, table: Table, **equal: object) -> ColumnElement[bool]:
        """This project's rows, with these values."""
        return and_(table.c.project_id == self._project, *(table.c[name] == value for name, value in equal.items()))

    def _one(self, query: Select[Any]) -> Row[Any] | None:
        return self._connection.execute(query).first()

    def _all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return self._connection.execute(query).all()

    def _add(self, table: Table, **values: object) -> bool:
        """Insert one row; False when any unique constraint stands against it (the transaction stays usable)."""
        statement = self._insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        result = self._connection.execute(statement, {"project_id": self._project, **values})
        return result.rowcount == 1

    def _put(self, table: Table, key: Mapping[str, object], **values: object) -> None:
        """Insert, or replace the values of the row with this key."""
        statement = self._insert(table)
        upsert = statement.on_conflict_do_update(
            index_elements=["project_id", *key], set_={name: statement.excluded[name] for name in values}
        )
        self._connection.execute(upsert, {"project_id": self._project, **key, **values})

    def _next(self, table: Table, column: str) -> int:
        """The number after the highest one; exact because transactions of a project follow one another."""
        highest = self._connection.scalar(select(func.max(table.c[column])).where(self._own(table)))
        return int(highest or 0) + 1
