"""`python -m serinus.adapters.sql_child`: asks the event log one question, read as JSON from standard input.

A process of its own, without environment: a query that runs for ever, or takes all memory, ends with it and nothing
else does. It sees the rows of one app in one window; files, extensions and settings are out of reach.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from typing import Any

import duckdb

from serinus.adapters.call_sql import CALLS, SCORES
from serinus.core.routing.assignment import Arm

_OTHERS = (Arm.CANDIDATE.label, Arm.SHADOW.label)


def main() -> int:
    """Answer one question on standard output: `{"value", "samples"}`, `{"fault"}` or `{"gone": true}`."""
    asked = json.load(sys.stdin)
    timeout_s = float(asked["timeout_s"])
    seconds = int(timeout_s) + 10
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    guard = threading.Timer(timeout_s, _end, [timeout_s])
    guard.daemon = True
    guard.start()
    answer = _answer(asked)
    guard.cancel()
    print(json.dumps(answer), flush=True)
    return 0


def _end(timeout_s: float) -> None:
    """End the process whatever the query does: an interrupt may come when none listens."""
    fault = f"the query needs more than {timeout_s:g} s: narrow it, or shorten the window"
    os.write(1, json.dumps({"fault": fault}).encode())
    os._exit(0)


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    values = {name: asked[name] for name in asked["used"]}
    try:
        with duckdb.connect(":memory:") as connection:
            _shut_in(connection, asked)
            answer = connection.execute(asked["query"], values)
            rows = answer.fetchmany(2)
            columns = len(answer.description or ())
            counted = None if columns == 2 else connection.execute("SELECT count(*) FROM calls").fetchall()[0][0]
    except duckdb.OutOfMemoryException:
        return {"fault": f"the query needs more than {asked['memory_mb']} MB: narrow it, or shorten the window"}
    except duckdb.IOException as error:
        return {"gone": True, "fault": _line(error)}
    except duckdb.Error as error:
        return {"fault": _line(error)}
    return _read(rows, columns, counted)


def _shut_in(connection: duckdb.DuckDBPyConnection, asked: dict[str, Any]) -> None:
    """Give it the relations, then take everything else away for good."""
    connection.execute("SET threads = 1")
    connection.execute(f"SET memory_limit = '{int(asked['memory_mb'])}MiB'")
    connection.execute("SET temp_directory = ''")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET python_enable_replacements = false")
    files = ", ".join(_quoted(path) for path in (*asked["calls"], *asked["scores"]))
    connection.execute(f"SET allowed_paths = [{files}]")
    connection.execute("SET enable_external_access = false")
    window = f"app = {_quoted(asked['app'])} AND at_us >= {int(asked['since'])} AND at_us < {int(asked['until'])}"
    for name, source in (
        ("all_calls", _source(CALLS.none, asked["calls"])),
        ("scores", _source(SCORES.none, asked["scores"])),
    ):
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {source} WHERE {window}")  # noqa: S608 - quoted above
    connection.execute(f"CREATE VIEW calls AS SELECT * FROM all_calls WHERE {_watched(asked)}")  # noqa: S608
    connection.execute("SET lock_configuration = true")


def _source(none: str, files: list[str]) -> str:
    if not files:
        return none
    listed = ", ".join(map(_quoted, files))
    return f"(SELECT * FROM {none} UNION ALL BY NAME SELECT * FROM read_parquet([{listed}], union_by_name = true))"  # noqa: S608


def _watched(asked: dict[str, Any]) -> str:
    """The candidate's: all calls that were given to it in the release, also those that another version answered in the
    end. Else what the live version answered outside of it."""
    if asked["arm"] == Arm.CANDIDATE.label:
        return f"arm = {_quoted(asked['arm'])} AND release = {_quoted(asked['release'])}"
    return f"version = {_quoted(asked['version'])} AND arm NOT IN ({', '.join(map(_quoted, _OTHERS))})"


def _read(rows: list[tuple[Any, ...]], columns: int, counted: int | None) -> dict[str, Any]:
    if columns not in (1, 2):
        return {"fault": f"the query gives {columns} columns, not one number (and how many calls it rests on)"}
    if len(rows) != 1:
        return {"fault": f"the query gives {'no row' if not rows else 'more than one row'}, not one number"}
    try:
        value = None if rows[0][0] is None else float(rows[0][0])
        samples = counted if columns == 1 else int(rows[0][1] or 0)
    except (TypeError, ValueError, OverflowError):
        return {"fault": "what the query gives is no number"}
    if value is not None and value != value:  # NaN, as a quotient without calls gives
        value = None
    if value in (float("inf"), float("-inf")):
        return {"fault": f"the query gives {value}"}
    return {"value": value, "samples": samples}


def _quoted(text: str) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
