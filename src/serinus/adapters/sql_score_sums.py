"""What scores add up to by minute, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import and_, delete, func, select

from serinus.adapters.schema_telemetry import score_sums
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.score_sums import ScoreKey, ScoreSum
from serinus.core.routing.assignment import Arm
from serinus.ports.score_sums import ArmScores

_KEY = ("project_id", "release", "metric", "arm", "start_us", "app")
_COUNTED = ("count", "total", "squares")
_ARMS = [int(arm) for arm in Arm]


class SqlScoreSums(SqlTx):
    """The part of a telemetry transaction about scores. All arms are named in a question, so that each is a range of
    the index."""

    def add_score_sums(self, batch: Mapping[ScoreKey, ScoreSum]) -> None:
        if not batch:
            return
        insert = self._insert(score_sums)
        upsert = insert.on_conflict_do_update(
            index_elements=list(_KEY), set_={name: score_sums.c[name] + insert.excluded[name] for name in _COUNTED}
        )
        rows = [
            {"project_id": self._project, **msgspec.structs.asdict(key), **msgspec.structs.asdict(batch[key])}
            for key in sorted(batch)
        ]
        self._connection.execute(upsert, rows)

    def score_sums_of(
        self, releases: Collection[str], metrics: Collection[str], from_us: int, to_us: int
    ) -> dict[str, ArmScores]:
        if not releases or not metrics:
            return {}
        keys = (score_sums.c.release, score_sums.c.metric, score_sums.c.arm)
        query = (
            select(*keys, *(func.sum(score_sums.c[name]) for name in _COUNTED))
            .where(
                self._own(score_sums),
                score_sums.c.release.in_(sorted(releases)),
                score_sums.c.metric.in_(sorted(metrics)),
                score_sums.c.arm.in_(_ARMS),
                and_(score_sums.c.start_us >= from_us, score_sums.c.start_us < to_us),
            )
            .group_by(*keys)
        )
        found: dict[str, ArmScores] = {}
        for row in self._all(query):
            values: tuple[Any, ...] = tuple(row)
            release, metric, arm, count, total, squares = values
            found.setdefault(release, {})[metric, arm] = ScoreSum(int(count), int(total), int(squares))
        return found

    def app_score_sums(self, app: str, metrics: Collection[str], from_us: int, to_us: int) -> ArmScores:
        keys = (score_sums.c.metric, score_sums.c.arm)
        query = (
            select(*keys, *(func.sum(score_sums.c[name]) for name in _COUNTED))
            .where(
                self._own(score_sums, app=app),
                score_sums.c.metric.in_(sorted(metrics)),
                and_(score_sums.c.start_us >= from_us, score_sums.c.start_us < to_us),
            )
            .group_by(*keys)
        )
        found: ArmScores = {}
        for row in self._all(query):
            values: tuple[Any, ...] = tuple(row)
            metric, arm, count, total, squares = values
            found[metric, arm] = ScoreSum(int(count), int(total), int(squares))
        return found

    def prune_score_sums(self, before_us: int) -> int:
        expired = delete(score_sums).where(self._own(score_sums), score_sums.c.start_us < before_us)
        return self._connection.execute(expired).rowcount
