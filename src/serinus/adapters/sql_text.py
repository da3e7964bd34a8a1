"""A monitor's SQL as DuckDB's parser reads it. Nothing is run."""

from __future__ import annotations

import json

import duckdb

from serinus.core.errors import InvalidInput
from serinus.core.monitoring.sql_tree import check_parameters, check_tree


def parsed_query(where: str, query: str) -> frozenset[str]:
    """The placeholders of a query that a monitor may ask; InvalidInput at `where` for any other text."""
    with duckdb.connect(":memory:") as connection:
        row = connection.execute("SELECT json_serialize_sql($1)", [query]).fetchone()
        check_tree(where, json.loads(row[0]) if row else None)
        try:
            (statement,) = connection.extract_statements(query)
        except (duckdb.Error, ValueError) as error:
            raise InvalidInput(f"not SQL: {str(error).splitlines()[0]}", where=where, mend="") from None
    used = frozenset(statement.named_parameters)
    check_parameters(where, set(used))
    return used
