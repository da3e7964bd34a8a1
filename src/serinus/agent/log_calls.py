"""Calls and scores on their way from the spool to the event log: collected when shipped, written in batches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Generic, TypeVar

from serinus.core.records import call, payload, score
from serinus.core.records.in_flight import OpenCall
from serinus.core.records.pair_score import score_of
from serinus.core.records.record import End, Pair, Payload, Record, Score
from serinus.ports.event_log import EventLog, LogBatch, ScoreBatch
from serinus.ports.payloads import PayloadBatch

R = TypeVar("R")


class CallLog:
    """Ends, Scores and Payloads of this host that are shipped and not in the event log yet. Their frames stay in the
    spool until then. A Pair is in the log as a score of its shadow call."""

    def __init__(self, log: EventLog, host: str) -> None:
        self._log = log
        self._host = host
        self._ends: _Waiting[End] = _Waiting(End, log.covered)
        self._scores: _Waiting[Score] = _Waiting(Score, log.covered_scores)
        self._payloads: _Waiting[Payload] = _Waiting(Payload, log.covered_payloads)

    @property
    def waiting(self) -> int:
        """How many rows the next flush writes."""
        return self._ends.count + self._scores.count + self._payloads.count

    def add(self, spool: str, frames: Iterable[tuple[Record | None, int]]) -> None:
        """Take shipped frames of a segment, in order; those that the log holds already are passed over."""
        taken = [(score_of(record) if isinstance(record, Pair) else record, end) for record, end in frames]
        self._ends.add(spool, taken)
        self._scores.add(spool, taken)
        self._payloads.add(spool, taken)

    def flush(self) -> None:
        """Write everything that waits; on return it is durable."""
        self._ends.flush(self._write)
        self._scores.flush(self._write_scores)
        self._payloads.flush(self._write_payloads)

    def lacks(self, spool: str) -> bool:
        """Whether rows of a segment still wait."""
        return self._ends.has(spool) or self._scores.has(spool) or self._payloads.has(spool)

    def close(self, spool: str, offset: int, lost: Iterable[OpenCall]) -> None:
        """Write the rows of calls that a dead worker left open. They stand for the byte behind its last frame, so that
        no restart writes them again. Everything else of this worker must be flushed before."""
        covered = self._log.covered(spool)
        if covered <= offset:
            rows = [call.row(call.lost_end(one.begin), self._host, finished=False) for one in lost]
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
        self._scores.clear()
        self._payloads.clear()

    def _write(self, spool: str, start: int, end: int, records: list[End]) -> None:
        rows = [call.row(record, self._host) for record in records]
        self._log.write(LogBatch(spool=spool, start=start, end=end, rows=rows))

    def _write_scores(self, spool: str, start: int, end: int, records: list[Score]) -> None:
        rows = [score.row(record, self._host) for record in records]
        self._log.write_scores(ScoreBatch(spool=spool, start=start, end=end, rows=rows))

    def _write_payloads(self, spool: str, start: int, end: int, records: list[Payload]) -> None:
        rows = [payload.row(record) for record in records]
        self._log.write_payloads(PayloadBatch(spool=spool, start=start, end=end, rows=rows))


class _Waiting(Generic[R]):
    """Records of one kind by segment, and up to which byte they reach there."""

    def __init__(self, kind: type[R], covered: Callable[[str], int]) -> None:
        self._kind = kind
        self._covered = covered
        self._records: dict[str, list[R]] = {}
        self._until: dict[str, int] = {}

    @property
    def count(self) -> int:
        return sum(len(records) for records in self._records.values())

    def has(self, spool: str) -> bool:
        return spool in self._records

    def add(self, spool: str, frames: Iterable[tuple[Record | None, int]]) -> None:
        covered = self._covered(spool)
        for record, end in frames:
            if isinstance(record, self._kind) and end > covered:
                self._records.setdefault(spool, []).append(record)
                self._until[spool] = end

    def flush(self, write: Callable[[str, int, int, list[R]], None]) -> None:
        for spool in list(self._records):
            write(spool, self._covered(spool), self._until[spool], self._records[spool])
            del self._records[spool], self._until[spool]

    def clear(self) -> None:
        self._records.clear()
        self._until.clear()
