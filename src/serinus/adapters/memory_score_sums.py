"""What scores add up to by minute, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from serinus.adapters.memory_table import Table
from serinus.core.records.score_sums import ScoreKey, ScoreSum
from serinus.ports.score_sums import ArmScores

ScoreRows = Table[ScoreKey, ScoreSum]


class MemoryScoreSums:
    """The part of a telemetry transaction about scores."""

    _scores: ScoreRows

    def add_score_sums(self, batch: Mapping[ScoreKey, ScoreSum]) -> None:
        for key, added in batch.items():
            self._scores.put(key, self._scores.get(key, ScoreSum()).plus(added))

    def score_sums_of(
        self, releases: Collection[str], metrics: Collection[str], from_us: int, to_us: int
    ) -> dict[str, ArmScores]:
        found: dict[str, ArmScores] = {}
        for key, value in self._scores.items():
            if key.release in releases and key.metric in metrics and from_us <= key.start_us < to_us:
                arms = found.setdefault(key.release, {})
                arms[key.metric, key.arm] = arms.get((key.metric, key.arm), ScoreSum()).plus(value)
        return found

    def app_score_sums(self, app: str, metrics: Collection[str], from_us: int, to_us: int) -> ArmScores:
        found: ArmScores = {}
        for key, value in self._scores.items():
            if key.app == app and key.metric in metrics and from_us <= key.start_us < to_us:
                found[key.metric, key.arm] = found.get((key.metric, key.arm), ScoreSum()).plus(value)
        return found

    def prune_score_sums(self, before_us: int) -> int:
        expired = [key for key, _ in self._scores.items() if key.start_us < before_us]
        for key in expired:
            self._scores.drop(key)
        return len(expired)
