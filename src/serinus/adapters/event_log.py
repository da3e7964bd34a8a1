"""The event log as zstd Parquet files: a table of calls and, beside it, one of scores and one of kept texts."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from serinus.adapters import payload_lock
from serinus.adapters.parquet_names import PAYLOADS, SCORES
from serinus.adapters.parquet_search import ParquetSearch
from serinus.adapters.parquet_table import ParquetTable
from serinus.core.records.call import Call
from serinus.core.records.payload import LoggedPayload
from serinus.core.records.score import LoggedScore
from serinus.ports.event_log import CallQuery, LogBatch, ScoreBatch
from serinus.ports.payloads import PayloadBatch


class ParquetLog:
    """The event log under `root`, made when it is not there. For one writing thread; reading may run anywhere."""

    def __init__(self, root: Path) -> None:
        self._calls = ParquetTable(root, Call)
        self._scores = ParquetTable(root / SCORES, LoggedScore)
        self._payloads = ParquetTable(root / PAYLOADS, LoggedPayload, payload_lock.held)
        self._search = ParquetSearch(root)

    def covered(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Ends."""
        return self._calls.covered(spool)

    def covered_scores(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Scores."""
        return self._scores.covered(spool)

    def covered_payloads(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Payloads."""
        return self._payloads.covered(spool)

    def write(self, batch: LogBatch) -> None:
        """Append a batch; nothing happens for one that is there already or has no rows."""
        at_us = batch.rows[0].at_us if batch.rows else 0
        self._calls.write(batch.spool, batch.start, batch.end, batch.rows, at_us)

    def write_scores(self, batch: ScoreBatch) -> None:
        """Append a batch of scores, as `write`."""
        at_us = batch.rows[0].at_us if batch.rows else 0
        self._scores.write(batch.spool, batch.start, batch.end, batch.rows, at_us)

    def write_payloads(self, batch: PayloadBatch) -> None:
        """Append a batch of kept texts, as `write`."""
        at_us = batch.rows[0].at_us if batch.rows else 0
        self._payloads.write(batch.spool, batch.start, batch.end, batch.rows, at_us)

    def gather(self, spool: str) -> None:
        """Put all parts of a segment into one file of each table."""
        self._calls.gather(spool)
        self._scores.gather(spool)
        self._payloads.gather(spool)

    def forget(self, spools: Collection[str]) -> None:
        """Drop what is known of where these segments' rows lie."""
        self._calls.forget(spools)
        self._scores.forget(spools)
        self._payloads.forget(spools)

    def ended(self, instance: str, calls: Collection[str]) -> set[str]:
        """Which of these printed call ids have a row in what came from this worker."""
        paths = self._calls.paths_of(instance)
        if not paths or not calls:
            return set()
        sql = "SELECT call FROM read_parquet($1, union_by_name = true) WHERE list_contains($2, call)"
        with duckdb.connect() as connection:
            return {row[0] for row in connection.execute(sql, [paths, list(calls)]).fetchall()}

    def calls(self, query: CallQuery) -> list[Call]:
        """Rows that fulfil the query."""
        return self._search.calls(query)

    def scores(self, calls: Collection[str], conversations: Collection[str]) -> list[LoggedScore]:
        """Scores about these calls or conversations, each once, in order of time."""
        return self._search.scores(calls, conversations)
