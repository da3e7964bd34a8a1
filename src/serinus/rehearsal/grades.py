"""What limits on the mean of scores see: grades of the scenario's judge, drawn call by call, once for each minute."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from serinus.core.decision.mean_limits import mean_bucket
from serinus.core.decision.observations import Bucket
from serinus.core.metrics import metric
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Plan
from serinus.core.records.labels import SCALE
from serinus.core.records.score_sums import WIDTH_S, ScoreSum
from serinus.rehearsal.scenario import Judge
from serinus.rehearsal.stretch import Stretch

Pair = tuple[int, int]
"""Calls that were graded, and those found right."""


class Grades:
    """Of one release. `chance_of` a minute gives the luck of all calls of it; `asked`: the plan has such limits."""

    def __init__(self, judge: Judge, plan: Plan, chance_of: Callable[[int], np.random.Generator]) -> None:
        self._judge = judge
        self._chance_of = chance_of
        self._late = math.ceil(judge.live_after_s / WIDTH_S)
        self._drawn: dict[int, tuple[Pair, Pair]] = {}
        self.asked = any(limit.of_scores for limit in plan.limits)

    def window(self, limit: Limit, stretch: Stretch, beat: int, start_us: int) -> tuple[Bucket, ...]:
        """The window that ends behind the watermark of a beat as one bucket; none without grades. A grade comes so
        much later than its call."""
        found = stretch.whole(WIDTH_S)
        end = int(stretch.watermark_s[beat]) // WIDTH_S
        first = end - limit.buckets
        sums = [ScoreSum(), ScoreSum()]
        for at in range(max(first - self._late, found.first), end - self._late):
            for arm, (graded, right) in enumerate(self._graded(at, found.requests[at - found.first])):
                good = (graded - right if metric(limit.metric).direction == "lower" else right) * SCALE
                sums[arm] = sums[arm].plus(ScoreSum(graded, good, good))
        self._drawn = {at: drawn for at, drawn in self._drawn.items() if at >= found.first}
        if not any(one.count for one in sums):
            return ()
        return (mean_bucket(limit, start_us + first * WIDTH_S * 1_000_000, *sums),)

    def _graded(self, minute: int, requests: np.typing.NDArray[np.int64]) -> tuple[Pair, Pair]:
        if minute not in self._drawn:
            rng, judge = self._chance_of(minute), self._judge
            share = 0.0 if judge.dies else judge.live
            pairs = []
            for arm in range(2):
                right = judge.correct - (0.0 if arm else judge.drop_at(minute * WIDTH_S))
                said = right * (1 - judge.noise) + (1 - right) * judge.noise
                graded = int(rng.binomial(int(requests[arm]), share))
                pairs.append((graded, int(rng.binomial(graded, said))))
            self._drawn[minute] = pairs[0], pairs[1]
        return self._drawn[minute]
