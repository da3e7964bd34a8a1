"""Kept answers and scores, so that nothing is asked twice: of a run that was cut off, or of an earlier one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

import msgspec

from serinus.core.judging.answer import Answer
from serinus.core.judging.score import Score


class ResultKey(NamedTuple):
    """What was asked: version and endpoint (`target`), case, and which of its repeats."""

    target: str
    case: str
    repeat: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and its scores by the digest of what gave them (judge included). Neither faults nor what is unscored is
    ever kept: both are asked again."""

    key: ResultKey
    answer: Answer
    scores: dict[str, Score]


class ResultStore(Protocol):
    """The store. Safe to use from several threads and processes; on return of `keep` its results survive a crash."""

    def kept(self, keys: Collection[ResultKey]) -> list[Result]:
        """Those of these keys that are known."""
        ...

    def keep(self, results: Sequence[Result], at_us: int) -> None:
        """Insert, or replace what is known of the same keys."""
        ...

    def forget(self, before_us: int) -> int:
        """Drop what was kept before this time; how many."""
        ...

    def close(self) -> None: ...
