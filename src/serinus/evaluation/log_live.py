"""Bring live judges' scores into the event log, beside those that callers post."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.judging.judgement import Claim, Judgement
from serinus.core.records.score import LoggedScore, row
from serinus.evaluation.settle_live import scores_of
from serinus.ports.event_log import EventLog, ScoreBatch
from serinus.ports.telemetry_store import TelemetryStore

HOST = "judge"
_MOST = 1000
_SEGMENT = 5000  # rows that are gathered into one file


class ScoreLog:
    """Writes what is not in the log yet; for one thread. `instance`: 32 hex digits of this start of a worker.

    A worker that is killed between the log and the mark leaves rows that the next one writes again: a score has the
    same name then, and readers take the first of each.
    """

    def __init__(self, store: TelemetryStore, log: EventLog, instance: str) -> None:
        self._store = store
        self._log = log
        self._instance = instance
        self._number = 0
        self._written = 0

    def flush(self) -> int:
        """Write and mark; how many."""
        with self._store.tx() as tx:
            found = tx.unlogged_judgements(_MOST)
        if not found:
            return 0
        self.write(found)
        with self._store.tx() as tx:
            tx.log_judgements([one.key for one in found])
        return len(found)

    def write(self, found: Sequence[Judgement]) -> None:
        """Bring these into the log, marked or not."""
        spool = f"{self._instance}-{self._number:08d}"
        end = self._written + len(found)
        rows = [one for judgement in found for one in _rows(judgement)]
        self._log.write_scores(ScoreBatch(spool=spool, start=self._written, end=end, rows=rows))
        self._written = end
        if end >= _SEGMENT:
            self._log.gather(spool)
            self._log.forget([spool])
            self._number, self._written = self._number + 1, 0


def _rows(one: Judgement) -> list[LoggedScore]:
    claim = Claim(key=one.key, app=one.app, holder="", attempts=0)
    return [row(score, HOST) for score in scores_of(claim, one.verdict, one.at_us)]
