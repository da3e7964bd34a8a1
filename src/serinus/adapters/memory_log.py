"""The event log in memory: for one process, gone with it. Ships for simulation, rehearsal and tests."""

from __future__ import annotations

from collections.abc import Collection

from serinus.core.records.call import Call
from serinus.core.records.pair_score import WORSE
from serinus.core.records.score import LoggedScore
from serinus.ports.event_log import CallQuery, LogBatch, ScoreBatch
from serinus.ports.payloads import PayloadBatch


class MemoryLog:
    """All batches in this object."""

    def __init__(self) -> None:
        self._batches: list[LogBatch] = []
        self._score_batches: list[ScoreBatch] = []
        self._payload_batches: list[PayloadBatch] = []

    def covered(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Ends."""
        return max((batch.end for batch in self._batches if batch.spool == spool), default=0)

    def covered_scores(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Scores."""
        return max((batch.end for batch in self._score_batches if batch.spool == spool), default=0)

    def covered_payloads(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Payloads."""
        return max((batch.end for batch in self._payload_batches if batch.spool == spool), default=0)

    def write(self, batch: LogBatch) -> None:
        """Append a batch; nothing happens for one that is there already or has no rows."""
        if batch.rows and batch.end > self.covered(batch.spool):
            self._batches.append(batch)

    def write_scores(self, batch: ScoreBatch) -> None:
        """Append a batch of scores, as `write`."""
        if batch.rows and batch.end > self.covered_scores(batch.spool):
            self._score_batches.append(batch)

    def write_payloads(self, batch: PayloadBatch) -> None:
        """Append a batch of kept texts, as `write`."""
        if batch.rows and batch.end > self.covered_payloads(batch.spool):
            self._payload_batches.append(batch)

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
        scores = self._once()
        rows = [row for batch in self._batches for row in batch.rows if _fits(row, query, scores)]
        rows.sort(key=lambda row: (row.at_us, row.call))
        if query.limit is None:
            return rows
        worse = {one.call: one.value_micro for one in scores if one.metric == WORSE} if query.worst_first else {}
        rows.sort(key=lambda row: (-worse.get(row.call, -(2**63)), -row.at_us, row.call))
        return rows[: query.limit]

    def scores(self, calls: Collection[str], conversations: Collection[str]) -> list[LoggedScore]:
        """Scores about these calls or conversations, each once, in order of time."""
        about = [score for score in self._once() if score.call in calls or score.conversation in conversations]
        return sorted(about, key=lambda score: (score.at_us, score.score))

    def _once(self) -> list[LoggedScore]:
        """All scores; of those with one name the first."""
        first: dict[str, LoggedScore] = {}
        for score in (score for batch in self._score_batches for score in batch.rows):
            known = first.get(score.score)
            if known is None or (score.at_us, score.host) < (known.at_us, known.host):
                first[score.score] = score
        return list(first.values())


def _fits(row: Call, query: CallQuery, scores: list[LoggedScore]) -> bool:
    wanted = (
        (query.call, row.call),
        (query.app, row.app),
        (query.release, row.release),
        (query.arm, row.arm),
        (query.version, row.version),
        (query.unit, row.unit),
        (query.conversation, row.conversation),
        (query.error, row.error),
        (query.status, row.status),
        (query.rung, row.rung),
    )
    return (
        all(want is None or want == have for want, have in wanted)
        and (query.min_latency_us is None or row.latency_us >= query.min_latency_us)
        and (query.rule is None or query.rule in row.rules)
        and (query.from_us is None or row.at_us >= query.from_us)
        and (query.to_us is None or row.at_us < query.to_us)
        and (query.before is None or (-row.at_us, row.call) > (-query.before[0], query.before[1]))
        and _fits_scores(row, query, scores)
    )


def _fits_scores(row: Call, query: CallQuery, scores: list[LoggedScore]) -> bool:
    if query.scored is None and query.event is None and query.worse is None:
        return True
    about = [score for score in scores if row.call == score.call or row.conversation == score.conversation]
    reported = {score.metric for score in about if score.value_micro > 0}
    is_worse = any(score.metric == WORSE and score.value_micro > 0 for score in scores if score.call == row.call)
    return (
        (query.scored is None or query.scored is bool(about))
        and (query.worse is None or query.worse is is_worse)
        and (query.event is None or query.event in row.events or query.event in reported)
    )
