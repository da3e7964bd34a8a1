"""Calls on their way from the spool to the event log: collected when shipped, written in batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from serinus.core.records.call import lost_end, row
from serinus.core.records.in_flight import OpenCall
from serinus.core.records.record import End, Record
from serinus.ports.event_log import EventLog, LogBatch


class CallLog:
    """Ends of this host that are shipped and not in the event log yet. Their frames stay in the spool until then."""

    def __init__(self, log: EventLog, host: str) -> None:
        self._log = log
        self._host = host
        self._ends: dict[str, list[End]] = {}
        self._until: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """How many rows the next flush writes."""
        return sum(len(ends) for ends in self._ends.values())

    def add(self, spool: str, frames: Iterable[tuple[Record | None, int]]) -> None:
        """Take shipped frames of a segment, in order; those that the log holds already are passed over."""
        covered = self._log.covered(spool)
        for record, end in frames:
            if isinstance(record, End) and end > covered:
                self._ends.setdefault(spool, []).append(record)
                self._until[spool] = end

    def flush(self) -> None:
        """Write everything that waits; on return it is durable."""
        for spool in list(self._ends):
            rows = [row(end, self._host) for end in self._ends[spool]]
            start = self._log.covered(spool)
            self._log.write(LogBatch(spool=spool, start=start, end=self._until[spool], rows=rows))
            del self._ends[spool], self._until[spool]

    def lacks(self, spool: str) -> bool:
        """Whether rows of a segment still wait."""
        return spool in self._ends

    def close(self, spool: str, offset: int, lost: Iterable[OpenCall]) -> None:
        """Write the rows of calls that a dead worker left open. They stand for the byte behind its last frame, so that
        no restart writes them again. Everything else of this worker must be flushed before."""
        covered = self._log.covered(spool)
        if covered <= offset:
            rows = [row(lost_end(call.begin), self._host, finished=False) for call in lost]
            self._log.write(LogBatch(spool=spool, start=covered, end=offset + 1, rows=rows))

    def gather(self, spool: str) -> None:
        """No more will come of this segment."""
        self._log.gather(spool)

    def forget(self, spools: Collection[str]) -> None:
        """These segments are gone."""
        self._log.forget(spools)

    def ended(self, instance: str, calls: Collection[str]) -> set[str]:
        """Which of these calls have a row already."""
        return self._log.ended(instance, calls)

    def clear(self) -> None:
        """Drop what waits: it is still in the spool."""
        self._ends.clear()
        self._until.clear()
