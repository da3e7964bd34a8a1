"""A monitor's SQL, checked before it is sent anywhere: by DuckDB's parser, and nothing is run."""

from __future__ import annotations

import json

import duckdb

from serinus.core.errors import InvalidInput
from serinus.core.monitoring.sql_tree import check_parameters, check_tree


def check_query(where: str, query: str) -> None:
    """InvalidInput at `where` unless the text is one SELECT that a monitor may ask."""
    with duckdb.connect(":memory:") as connection:
        row = connection.execute("SELECT json_serialize_sql($1)", [query]).fetchone()
        check_tree(where, json.loads(row[0]) if row else None)
        try:
            used = {name for one in connection.extract_statements(query) for name in one.named_parameters}
        except duckdb.Error as error:
            what = f"not SQL: {str(error).splitlines()[0]}"
            raise InvalidInput(what, where=where, mend="use named placeholders, such as `$since`") from None
    check_parameters(where, used)
