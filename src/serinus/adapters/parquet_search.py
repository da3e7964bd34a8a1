"""Reading the event log with DuckDB, in memory: one question at a time, bounded in memory and time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeVar

import duckdb
import msgspec

from serinus.adapters.call_sql import (
    CALLS,
    SCORES,
    Statement,
    calls_statement,
    exposure,
    exposure_statement,
    scores_statement,
    stage_statement,
    whole_statement,
)
from serinus.adapters.fallback_sql import fallback_statement
from serinus.adapters.parquet_names import SCORES as SCORES_FOLDER
from serinus.adapters.parquet_names import settled
from serinus.adapters.traffic_sql import counted, traffic_statement
from serinus.core.errors import QueryLimit, StoreUnavailable
from serinus.core.lint.history import Counted
from serinus.core.records.call import Call
from serinus.core.records.score import LoggedScore
from serinus.ports.event_log import CallQuery, ExportFormat, ExposedQuery, Exposure, ScoreQuery

T = TypeVar("T")

_ATTEMPTS = 5
_INTERRUPT_EVERY_S = 0.1
_STAGED_AT_ONCE = 32  # segments in one staged file
_FORMATS = {"jsonl": "FORMAT json", "parquet": "FORMAT parquet, COMPRESSION zstd"}


class ReadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one question may take: memory, seconds (an export: `export_s`); `waiting`: how many may be asked at once."""

    memory_mb: int = 256
    query_s: float = 10.0
    export_s: float = 300.0
    waiting: int = 8


class ParquetSearch:
    """Questions to the event log under `root`, from any thread. Without limits it takes what it needs."""

    def __init__(self, root: Path, limits: ReadLimits | None = None) -> None:
        self._root = root
        self._limits = limits
        self._turn = threading.Lock()
        self._queue = threading.BoundedSemaphore(limits.waiting if limits else 2**20)
        self._exporting = threading.Lock()

    def calls(self, query: CallQuery) -> list[Call]:
        """Rows that fulfil the query. Files that are gathered away while it runs are no error."""

        def made() -> Statement | None:
            paths = self._files(self._root)
            return calls_statement(query, paths, self._scores()) if paths else None

        return CALLS.read(self._ask(made))

    def scores(self, calls: Collection[str], conversations: Collection[str]) -> list[LoggedScore]:
        """Scores about these calls or conversations, each once, in order of time."""

        def made() -> Statement | None:
            paths = self._scores()
            return scores_statement(calls, conversations, paths) if paths else None

        return SCORES.read(self._ask(made))

    def traffic(self, app: str, from_us: int, to_us: int) -> Counted | None:
        """What an app's calls were within this time, counted; None when there was none."""

        def made() -> Statement | None:
            paths = self._files(self._root)
            return traffic_statement(app, from_us, to_us, paths, self._scores()) if paths else None

        return counted(self._ask(made))

    def exposure(self, release: str) -> Exposure:
        """Whom the candidate of a release answered, counted."""

        def made() -> Statement | None:
            paths = self._files(self._root)
            return exposure_statement(release, paths) if paths else None

        return exposure(self._ask(made))

    def rungs(self, app: str, from_us: int, to_us: int) -> dict[str, int]:
        """How many of an app's calls within this time each rung of the fallback ladder answered."""

        def made() -> Statement | None:
            paths = self._files(self._root)
            return fallback_statement(app, from_us, to_us, paths) if paths else None

        return {str(rung): int(number) for rung, number in self._ask(made)}

    def export(self, query: CallQuery | ScoreQuery | ExposedQuery, format: ExportFormat) -> BinaryIO:
        """All rows of a query as an open file without a name. One export at a time.

        Segment by segment is copied first: what is gathered meanwhile is then neither missed nor doubled.
        """
        if not self._exporting.acquire(blocking=False):
            raise StoreUnavailable("another export is being made", where="calls", mend="try again when it is done")
        try:
            with TemporaryDirectory(prefix="serinus-export-") as scratch, self._connected("export_s", scratch) as asked:
                staged = self._stage(asked, query, Path(scratch))
                return _copied(asked, whole_statement(query, staged), Path(scratch, "whole"), _FORMATS[format])
        finally:
            self._exporting.release()

    def _stage(
        self, asked: duckdb.DuckDBPyConnection, query: CallQuery | ScoreQuery | ExposedQuery, scratch: Path
    ) -> list[str]:
        root = self._root / SCORES_FOLDER if isinstance(query, ScoreQuery) else self._root
        spools = sorted({part.spool for part in settled(root)})
        staged: list[str] = []
        for start in range(0, len(spools), _STAGED_AT_ONCE):
            chosen = set(spools[start : start + _STAGED_AT_ONCE])

            def stage(chosen: set[str] = chosen, target: Path = scratch / f"{start}.parquet") -> str:
                parts = [str(part.path) for part in settled(root) if part.spool in chosen]
                statement = stage_statement(query, parts, self._scores())
                _copied(asked, statement, target, _FORMATS["parquet"]).close()
                return str(target)

            staged.append(_again(stage))
        return staged

    def _files(self, folder: Path) -> list[str]:
        return [str(part.path) for part in settled(folder)]

    def _scores(self) -> list[str]:
        return self._files(self._root / SCORES_FOLDER)

    def _ask(self, statement: Callable[[], Statement | None]) -> Sequence[tuple[Any, ...]]:
        """The rows of a statement, which is made anew when a file it names has gone; None: there is nothing to ask."""

        def attempt() -> Sequence[tuple[Any, ...]]:
            made = statement()
            return asked.execute(*made).fetchall() if made else []

        with self._taken_turn(), self._connected("query_s") as asked:
            return _again(attempt)

    @contextmanager
    def _taken_turn(self) -> Iterator[None]:
        """One question at a time. Only some may wait, each no longer than a question may take: whoever waits holds a
        thread that others need."""
        if not self._queue.acquire(blocking=False):
            raise _busy()
        try:
            if not self._turn.acquire(timeout=self._limits.query_s if self._limits else -1):
                raise _busy()
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._queue.release()

    @contextmanager
    def _connected(self, span: str, scratch: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect() as connection:
            limits = self._limits
            if limits is None:
                yield connection
                return
            connection.execute("SET threads = 1")
            connection.execute(f"SET memory_limit = '{limits.memory_mb}MiB'")
            connection.execute(f"SET temp_directory = '{scratch}'")
            done = threading.Event()
            guard = threading.Thread(target=_interrupt, args=(connection, getattr(limits, span), done), daemon=True)
            guard.start()
            try:
                yield connection
            except (duckdb.InterruptException, duckdb.OutOfMemoryException) as error:
                what = "time" if isinstance(error, duckdb.InterruptException) else "memory"
                raise QueryLimit(
                    f"the question needs more {what} than it may have",
                    where="calls",
                    mend="narrow it: a shorter time, an app, a release",
                ) from error
            finally:
                done.set()
                guard.join()


def _interrupt(connection: duckdb.DuckDBPyConnection, after_s: float, done: threading.Event) -> None:
    """Interrupt whatever runs then, again and again: one interrupt may fall between two statements."""
    if not done.wait(after_s):
        while not done.wait(_INTERRUPT_EVERY_S):
            connection.interrupt()


def _again(attempt: Callable[[], T]) -> T:
    """The result of an attempt that may find files gone, which were gathered after they were listed."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except duckdb.IOException:
            continue
    return attempt()


def _copied(asked: duckdb.DuckDBPyConnection, statement: Statement, target: Path, form: str) -> BinaryIO:
    sql, values = statement
    quoted = str(target).replace("'", "''")
    asked.execute(f"COPY ({sql}) TO '{quoted}' ({form})", values)
    return target.open("rb")


def _busy() -> StoreUnavailable:
    return StoreUnavailable("too many questions at once", where="calls", mend="try again")
