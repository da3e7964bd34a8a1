"""The event log: a row per call and per score, appended in batches that name the part of the spool they stand for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import BinaryIO, Literal, Protocol

import msgspec

from serinus.core.lint.history import Counted
from serinus.core.records.call import Call
from serinus.core.records.score import LoggedScore
from serinus.ports.payloads import PayloadBatch

ExportFormat = Literal["jsonl", "parquet"]


class LogBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of all Ends in bytes [start, end) of a spool segment (`instance-number`)."""

    spool: str
    start: int
    end: int
    rows: Sequence[Call]


class ScoreBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of all Scores in bytes [start, end) of a spool segment."""

    spool: str
    start: int
    end: int
    rows: Sequence[LoggedScore]


class CallQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls: all conditions given hold; times in µs of the call's end, from inclusive and to exclusive.

    `event`: an event of the call, or one that a score about it or its conversation reports. `scored`: whether there is
    such a score at all. `rule`: a policy rule that its answer broke. `rung`: of the fallback ladder, in words.
    `worse`: whether it is a shadow call that was worse than the baseline's. `before`: (end in µs, call) of the last
    row of the page before. `worst_first`: of a limited query, shadow calls by how much worse they were, then newest
    first; without `before`.
    """

    call: str | None = None
    app: str | None = None
    release: str | None = None
    arm: str | None = None
    version: str | None = None
    unit: str | None = None
    conversation: str | None = None
    event: str | None = None
    error: str | None = None
    status: int | None = None
    rule: str | None = None
    rung: str | None = None
    min_latency_us: int | None = None
    scored: bool | None = None
    worse: bool | None = None
    from_us: int | None = None
    to_us: int | None = None
    before: tuple[int, str] | None = None
    limit: int | None = None
    worst_first: bool = False


class ScoreQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which scores: all conditions given hold; times in µs of the score, from inclusive and to exclusive."""

    app: str | None = None
    release: str | None = None
    arm: str | None = None
    unit: str | None = None
    metric: str | None = None
    from_us: int | None = None
    to_us: int | None = None


class ExposedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which users met the candidate of a release: one row a user, by pseudonym."""

    release: str


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """How many users, sessions (conversations) and calls the candidate of a release answered."""

    units: int
    sessions: int
    calls: int


class CallReader(Protocol):
    """Reading the log."""

    def calls(self, query: CallQuery) -> list[Call]:
        """Rows in order of their end, newest first when limited."""
        ...

    def scores(self, calls: Collection[str], conversations: Collection[str]) -> list[LoggedScore]:
        """Scores about these printed call ids or these conversations, each once, in order of time."""
        ...


class EventLog(CallReader, Protocol):
    """The log itself. Writing a batch that is there already changes nothing; calls and scores are covered apart."""

    def covered(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Ends; 0 for an unknown one."""
        ...

    def covered_scores(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Scores; 0 for an unknown one."""
        ...

    def covered_payloads(self, spool: str) -> int:
        """Up to which byte of a segment the log holds all Payloads; 0 for an unknown one."""
        ...

    def write(self, batch: LogBatch) -> None:
        """Append a batch; on return it is durable, and before that invisible. `start` must be what `covered` says."""
        ...

    def write_scores(self, batch: ScoreBatch) -> None:
        """Append a batch of scores, as `write`; `start` must be what `covered_scores` says."""
        ...

    def write_payloads(self, batch: PayloadBatch) -> None:
        """Append a batch of kept texts, as `write`; `start` must be what `covered_payloads` says."""
        ...

    def gather(self, spool: str) -> None:
        """No more will come of this segment: keep it in as few pieces as the log can."""
        ...

    def forget(self, spools: Collection[str]) -> None:
        """Nobody will ask what is covered of these segments again; their rows stay."""
        ...

    def ended(self, instance: str, calls: Collection[str]) -> set[str]:
        """Which of these printed call ids have a row in what came from this worker."""
        ...


class CallSearch(CallReader, Protocol):
    """Reading the log for people: bounded in memory and time, whatever is asked.

    QueryLimit when a question needs more than it may have; StoreUnavailable when others are asking already.
    """

    def export(self, query: CallQuery | ScoreQuery | ExposedQuery, format: ExportFormat) -> BinaryIO:
        """All rows of a query in order of time, as a file of its own that is gone when it is closed. Of users the rows
        are `unit` (hex), `sessions`, `calls`, `first_at_us` and `last_at_us`, in order of their first call's end."""
        ...

    def exposure(self, release: str) -> Exposure:
        """Whom the candidate of a release answered, counted; none at all is zeros."""
        ...

    def rungs(self, app: str, from_us: int, to_us: int) -> dict[str, int]:
        """How many of an app's calls that ended within this time each rung of the fallback ladder answered, in words;
        `none`: the version that was asked first. Copies in shadow are nobody's calls."""
        ...

    def traffic(self, app: str, from_us: int, to_us: int) -> Counted | None:
        """What an app's calls were that ended within this time, counted; None when there was none."""
        ...
