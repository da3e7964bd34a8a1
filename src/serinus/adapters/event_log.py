"""The event log as zstd Parquet files, written and queried by an in-memory DuckDB. See `parquet_names` for the files.

A batch is written under a temporary name, made durable, and renamed: it is there as a whole or not at all, and its
name says which bytes of which spool it stands for. So writing is idempotent, and where the log ends is in the names.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import orjson

from serinus.adapters.durable import publish, sync_directory
from serinus.adapters.parquet_names import Part, instance_of, part_name, part_of, widest
from serinus.core.records.call import Call
from serinus.ports.event_log import CallQuery, LogBatch

GATHER_AT = 16  # parts of one segment that are worth one file
_ATTEMPTS = 5
_TYPES: dict[Any, str] = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", int | None: "BIGINT"}
COLUMNS = {field.name: _TYPES.get(field.type, "VARCHAR[]") for field in msgspec.structs.fields(Call)}
_STRUCTURE = orjson.dumps({name: f"{kind}[]" for name, kind in COLUMNS.items()}).decode()
_UNNESTED = ", ".join(f"unnest(batch.{name}) AS {name}" for name in COLUMNS)
_ROWS = f"SELECT {_UNNESTED} FROM (SELECT from_json($1::VARCHAR, '{_STRUCTURE}') AS batch)"  # noqa: S608 - constants
_CONDITIONS = {
    "call": "call = ?",
    "app": "app = ?",
    "release": "release = ?",
    "arm": "arm = ?",
    "version": "version = ?",
    "unit": "unit = ?",
    "event": "list_contains(events, ?)",
    "from_us": "at_us >= ?",
    "to_us": "at_us < ?",
}


class ParquetLog:
    """The event log under `root`, made when it is not there. For one writing thread; `calls` may run anywhere."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._asked: set[str] = set()
        self._parts: dict[str, list[Part]] = {}

    def covered(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Ends."""
        return max((part.end for part in self._known(spool)), default=0)

    def write(self, batch: LogBatch) -> None:
        """Append a batch; nothing happens for one that is there already or has no rows."""
        if not batch.rows or batch.end <= self.covered(batch.spool):
            return
        columns = {name: [getattr(row, name) for row in batch.rows] for name in COLUMNS}
        day = datetime.fromtimestamp(batch.rows[0].at_us / 1e6, UTC).date().isoformat()
        self._add(batch.spool, batch.start, batch.end, self._root / day, _ROWS, [orjson.dumps(columns).decode()])
        if len(self._known(batch.spool)) >= GATHER_AT:
            self.gather(batch.spool)

    def gather(self, spool: str) -> None:
        """Put all parts of a segment into one file."""
        parts, _ = widest(self._known(spool))
        if len(parts) > 1:
            rows = "SELECT * FROM read_parquet($1, union_by_name = true)"
            paths = [str(part.path) for part in parts]
            self._add(spool, parts[0].start, parts[-1].end, parts[0].path.parent, rows, [paths])
        self._parts[spool] = self._without_spare(self._known(spool))

    def forget(self, spools: Collection[str]) -> None:
        """Drop what is known of where these segments' rows lie."""
        for spool in spools:
            self._parts.pop(spool, None)

    def ended(self, instance: str, calls: Collection[str]) -> set[str]:
        """Which of these printed call ids have a row in what came from this worker."""
        paths = [str(part.path) for part in widest(self._listed(instance))[0]]
        if not paths or not calls:
            return set()
        sql = "SELECT call FROM read_parquet($1, union_by_name = true) WHERE list_contains($2, call)"
        with duckdb.connect() as connection:
            return {row[0] for row in connection.execute(sql, [paths, list(calls)]).fetchall()}

    def calls(self, query: CallQuery) -> list[Call]:
        """Rows that fulfil the query. Files that are gathered away while it runs are no error."""
        for attempt in range(_ATTEMPTS):
            paths = [str(part.path) for part in self._settled()]
            if not paths:
                return []
            try:
                return _select(paths, query)
            except duckdb.IOException:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _add(self, spool: str, start: int, end: int, folder: Path, rows: str, parameters: Sequence[object]) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            sync_directory(self._root)
        final = folder / part_name(spool, start, end)
        temporary = folder / f".{final.name}.new"
        target = str(temporary).replace("'", "''")
        with duckdb.connect() as connection:
            connection.execute("SET threads = 1")
            connection.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)", parameters)
        publish(temporary, final)
        self._known(spool).append(Part(spool=spool, start=start, end=end, path=final))

    def _known(self, spool: str) -> list[Part]:
        """Parts of a segment. What there is of its worker is read from the directory once, at the first question, and
        what a crash left over is cleared away then."""
        instance = instance_of(spool)
        if instance not in self._asked:
            for part in self._without_spare(self._listed(instance)):
                self._parts.setdefault(part.spool, []).append(part)
            self._asked.add(instance)
        return self._parts.setdefault(spool, [])

    def _without_spare(self, parts: Sequence[Part]) -> list[Part]:
        kept, spare = widest(parts)
        for part in spare:
            part.path.unlink(missing_ok=True)
        return kept

    def _settled(self) -> list[Part]:
        """The parts that count, from a listing during which nothing was gathered."""
        before = self._listed()
        while (after := self._listed()) != before:
            before = after
        return widest(after)[0]

    def _listed(self, instance: str = "") -> list[Part]:
        folders = sorted(entry.path for entry in os.scandir(self._root) if entry.is_dir())
        names = ((folder, name) for folder in folders for name in sorted(os.listdir(folder)))
        paths = (Path(folder, name) for folder, name in names if name.startswith(instance))
        return [part for path in paths if (part := part_of(path)) is not None]


def _select(paths: list[str], query: CallQuery) -> list[Call]:
    asked = {name: value for name in _CONDITIONS if (value := getattr(query, name)) is not None}
    where = " AND ".join(_CONDITIONS[name] for name in asked) or "true"
    order = "at_us, call" if query.limit is None else "at_us DESC, call LIMIT ?"
    limits = [] if query.limit is None else [query.limit]
    columns = ", ".join(COLUMNS)
    sql = f"SELECT {columns} FROM read_parquet(?, union_by_name = true) WHERE {where} ORDER BY {order}"  # noqa: S608
    with duckdb.connect() as connection:
        rows = connection.execute(sql, [paths, *asked.values(), *limits]).fetchall()
    return [msgspec.convert(dict(zip(COLUMNS, row, strict=True)), Call) for row in rows]
