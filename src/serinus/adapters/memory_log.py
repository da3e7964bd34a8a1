"""The event log in memory: for one process, gone with it. Ships for simulation, rehearsal and tests."""

from __future__ import annotations

from collections.abc import Collection

from serinus.core.records.call import Call
from serinus.ports.event_log import CallQuery, LogBatch


class MemoryLog:
    """All batches in this object."""

    def __init__(self) -> None:
        self._batches: list[LogBatch] = []

    def covered(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Ends."""
        return max((batch.end for batch in self._batches if batch.spool == spool), default=0)

    def write(self, batch: LogBatch) -> None:
        """Append a batch; nothing happens for one that is there already or has no rows."""
        if batch.rows and batch.end > self.covered(batch.spool):
            self._batches.append(batch)

    def gather(self, spool: str) -> None:
        """Nothing: it is in one place already."""

    def forget(self, spools: Collection[str]) -> None:
        """Nothing: there is no second book of it."""

    def ended(self, instance: str, calls: Collection[str]) -> set[str]:
        """Which of these printed call ids have a row in what came from this worker."""
        mine = (batch for batch in self._batches if batch.spool.startswith(f"{instance}-"))
        return {row.call for batch in mine for row in batch.rows} & set(calls)

    def calls(self, query: CallQuery) -> list[Call]:
        """Rows that fulfil the query."""
        rows = [row for batch in self._batches for row in batch.rows if _fits(row, query)]
        rows.sort(key=lambda row: (row.at_us, row.call))
        if query.limit is None:
            return rows
        rows.sort(key=lambda row: (-row.at_us, row.call))
        return rows[: query.limit]


def _fits(row: Call, query: CallQuery) -> bool:
    wanted = (
        (query.call, row.call),
        (query.app, row.app),
        (query.release, row.release),
        (query.arm, row.arm),
        (query.version, row.version),
        (query.unit, row.unit),
    )
    return (
        all(want is None or want == have for want, have in wanted)
        and (query.event is None or query.event in row.events)
        and (query.from_us is None or row.at_us >= query.from_us)
        and (query.to_us is None or row.at_us < query.to_us)
    )
