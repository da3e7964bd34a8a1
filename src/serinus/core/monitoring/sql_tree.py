"""What a monitor's SQL may be: one SELECT over the relations that it is given, read from DuckDB's own parse tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from serinus.core.errors import InvalidInput

RELATIONS = ("calls", "scores", "all_calls")
"""`calls`: of the version that is watched, in the window; `all_calls`, `scores`: of the whole app, in the window."""
PARAMETERS = ("app", "arm", "release", "version", "since", "until")
TABLE_FUNCTIONS = frozenset({"generate_series", "range", "unnest"})
_MEND = "write one SELECT over `calls`, `all_calls` and `scores` that gives one number"


def check_tree(where: str, tree: object) -> None:
    """Refuse what `json_serialize_sql` made of a text unless it is one SELECT over `RELATIONS`; InvalidInput says
    why."""
    if not isinstance(tree, dict) or tree.get("error"):
        told = str(tree.get("error_message", "")) if isinstance(tree, dict) else ""
        if "Only SELECT" in told:
            raise InvalidInput("only a SELECT may be asked", where=where, mend=_MEND)
        raise InvalidInput(f"not SQL: {_line(told) or 'it cannot be read'}", where=where, mend=_MEND)
    statements = tree.get("statements", [])
    if len(statements) != 1:
        raise InvalidInput(f"{len(statements)} statements", where=where, mend=_MEND)
    nodes = list(_nodes(statements[0]))
    named = {str(entry.get("key")).lower() for node in nodes for entry in _ctes(node)}
    for node in nodes:
        _check_node(where, node, named)


def check_parameters(where: str, used: set[str]) -> None:
    """Refuse placeholders that nothing is filled in for."""
    unknown = sorted(used - set(PARAMETERS))
    if unknown:
        known = ", ".join(f"${name}" for name in PARAMETERS)
        raise InvalidInput(f"unknown placeholder ${unknown[0]}", where=where, mend=f"known: {known}")


def _check_node(where: str, node: dict[str, Any], named: set[str]) -> None:
    match node.get("type"):
        case "BASE_TABLE":
            name = str(node.get("table_name", ""))
            elsewhere = node.get("schema_name") or node.get("catalog_name")
            if elsewhere or name.lower() not in {*RELATIONS, *named}:
                raise InvalidInput(
                    f"there is no relation {name[:60]!r}", where=where, mend=f"known: {', '.join(RELATIONS)}"
                )
        case "TABLE_FUNCTION":
            function = node.get("function")
            name = str(function.get("function_name", "")) if isinstance(function, dict) else ""
            if name.lower() not in TABLE_FUNCTIONS:
                raise InvalidInput(f"{name[:60]}() may not be read from", where=where, mend=_MEND)
        case "SHOW_REF":
            raise InvalidInput("only a SELECT may be asked", where=where, mend=_MEND)


def _ctes(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = node.get("cte_map")
    entries = found.get("map", []) if isinstance(found, dict) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def _nodes(part: object) -> Iterator[dict[str, Any]]:
    """All objects of the tree, without recursion: a query may be nested deeply."""
    waiting: list[object] = [part]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
