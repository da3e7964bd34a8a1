"""One table of the event log as zstd Parquet files. See `parquet_names` for the files.

A batch is written under a temporary name, made durable, and renamed: it is there as a whole or not at all, and its
name says which bytes of which spool it stands for. So writing is idempotent, and where the log ends is in the names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Generic

import duckdb

from serinus.adapters.durable import publish, sync_directory
from serinus.adapters.parquet_names import Part, instance_of, listed, part_name, widest
from serinus.adapters.parquet_rows import Rows, T

GATHER_AT = 16  # parts of one segment that are worth one file
Turn = Callable[[Path], AbstractContextManager[bool]]


class ParquetTable(Generic[T]):
    """Rows of one type under `root`, made when it is not there. For one writing thread.

    `turn` says whether files may be put in the place of others now.
    """

    def __init__(self, root: Path, row_type: type[T], turn: Turn | None = None) -> None:
        self._root = root
        self._turn = turn or _always
        self._rows = Rows(row_type)
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._asked: set[str] = set()
        self._parts: dict[str, list[Part]] = {}

    def covered(self, spool: str) -> int:
        """Up to which byte of a segment all rows are there."""
        return max((part.end for part in self._known(spool)), default=0)

    def write(self, spool: str, start: int, end: int, rows: Sequence[T], at_us: int) -> None:
        """Append the rows of bytes [start, end), kept with the day of `at_us`; nothing happens for a batch that is
        there already or has no rows."""
        if not rows or end <= self.covered(spool):
            return
        day = datetime.fromtimestamp(at_us / 1e6, UTC).date().isoformat()
        self._add(spool, start, end, self._root / day, self._rows.insert, [self._rows.document(rows)])
        if len(self._known(spool)) >= GATHER_AT:
            self.gather(spool)

    def gather(self, spool: str) -> None:
        """Put all parts of a segment into one file; not while another process replaces files."""
        if len(self._known(spool)) < 2:
            return
        with self._turn(self._root) as free:
            if free:
                self._gather(spool)

    def _gather(self, spool: str) -> None:
        parts, _ = widest(part for part in self._known(spool) if part.path.exists())
        for run in self._runs(parts):
            if len(run) > 1:
                rows = "SELECT * FROM read_parquet($1, union_by_name = true)"
                paths = [str(part.path) for part in run]
                self._add(spool, run[0].start, run[-1].end, run[0].path.parent, rows, [paths])
        self._parts[spool] = self._without_spare(self._known(spool))

    def _runs(self, parts: Sequence[Part]) -> list[list[Part]]:
        """What may come into one file: all of a segment, or where files are looked for by day, what lies in one."""
        if self._turn is _always:
            return [list(parts)]
        return [list(run) for _, run in groupby(parts, key=lambda part: part.path.parent)]

    def forget(self, spools: Collection[str]) -> None:
        """Drop what is known of where these segments' rows lie."""
        for spool in spools:
            self._parts.pop(spool, None)

    def paths_of(self, instance: str) -> list[str]:
        """The files that hold all rows of one worker."""
        return [str(part.path) for part in widest(listed(self._root, instance))[0]]

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
            for part in self._without_spare(listed(self._root, instance)):
                self._parts.setdefault(part.spool, []).append(part)
            self._asked.add(instance)
        return self._parts.setdefault(spool, [])

    def _without_spare(self, parts: Sequence[Part]) -> list[Part]:
        kept, spare = widest(parts)
        for part in spare:
            part.path.unlink(missing_ok=True)
        return kept


def _always(_: Path) -> AbstractContextManager[bool]:
    return nullcontext(True)
