"""What scores add up to by minute: part of a telemetry transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from serinus.core.records.score_sums import ScoreKey, ScoreSum

ArmScores = dict[tuple[str, int], ScoreSum]
"""By metric and arm."""


class ScoreSumTx(Protocol):
    """Written by agents as scores come; read for monitors of an app and for limits of releases."""

    def add_score_sums(self, batch: Mapping[ScoreKey, ScoreSum]) -> None:
        """Add to what is there. At most once in a transaction, after the labels: hosts lock keys in one order, and that
        is what rules out deadlocks."""
        ...

    def score_sums_of(
        self, releases: Collection[str], metrics: Collection[str], from_us: int, to_us: int
    ) -> dict[str, ArmScores]:
        """The sums of minutes with from_us ≤ start < to_us, of each release that has any."""
        ...

    def app_score_sums(self, app: str, metrics: Collection[str], from_us: int, to_us: int) -> ArmScores:
        """The same of all that an app answered, over its releases."""
        ...

    def prune_score_sums(self, before_us: int) -> int:
        """Delete expired minutes; how many rows."""
        ...
