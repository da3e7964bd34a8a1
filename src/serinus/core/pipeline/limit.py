"""An absolute limit: what is too much, or too little, whatever the control does."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY, Bounded, Metric, Quantile, Ratio, metric

EXAMPLES = {
    "share": "above: 2.5%",
    "ms": "above: 5s",
    "tokens/s": "below: 15 tokens/s",
    "usd": "above: $0.02",
    "tokens": "above: 800 tokens",
    "score": "below: 0.80",
}
"""A bound in each unit, as a project file has it."""
MOST_BY_CHANCE = 0.05
"""A limit is looked at every minute: what happens by chance more often than this is no reason to act."""
SCORES_NEEDED = 100
SCORES_WINDOW_S = 3600
SCORES_BY_CHANCE = 0.01
"""Of scores, when nothing else is said: the mean of an hour, of at least so many, and not by luck."""
LONGEST_SCORES_S = 86_400


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute trigger (statistics 4.7): the metric is `above` or `below` a bound in each of `buckets` consecutive time
    buckets of `bucket_s` seconds, each with at least `min_requests` calls that the metric counts.

    Exactly one of the two is given, on the metric's bad side, in its unit: of an event metric a share of requests in
    [0, 1), of a latency ms, of a speed tokens/s, of a cost US dollars, of a length tokens.

    `by_chance` (0: not asked): all buckets of the row taken together, calls of a version that is exactly at the bound
    would be so bad with this chance at most. Small buckets are often beyond a bound that is near to what is usual.

    Of a score the `buckets` are minutes, taken together as one window that slides: its mean is beyond the bound (on the
    metric's scale), and rests on `min_requests` scores at least.
    """

    metric: str
    above: float | None = None
    below: float | None = None
    buckets: int = 5
    bucket_s: Literal[1, 60] = 60
    min_requests: int = 50
    action: Literal["pause", "rollback"] = "rollback"
    by_chance: float = 0.0

    @property
    def bound(self) -> float:
        """The value beyond which it is broken."""
        bound = self.above if self.above is not None else self.below
        if bound is None:
            raise ValueError("a limit without a bound was never checked")
        return bound

    @property
    def side(self) -> Literal["above", "below"]:
        """On which side of the bound it is broken."""
        return "below" if self.above is None else "above"

    @property
    def window_s(self) -> int:
        """The time that all its buckets cover."""
        return self.buckets * self.bucket_s

    @property
    def of_scores(self) -> bool:
        """Whether it is on a mean over one window, instead of on each bucket of a row."""
        found = REGISTRY.get(self.metric)
        return found is not None and found.kind == "score"

    @property
    def share(self) -> float | None:
        """The share of calls that are bad at the bound, of a quantile those above it; None of a ratio or a mean."""
        measure = metric(self.metric).measure
        if isinstance(measure, Ratio | Bounded):
            return None
        return 1.0 - measure.q if isinstance(measure, Quantile) else self.bound


def check_limit(where: str, limit: Limit) -> None:
    """Refuse a limit that cannot work; InvalidInput at `where` says why."""
    judged = metric(limit.metric)
    if (limit.above is None) == (limit.below is None):
        raise InvalidInput(
            f"{judged.name} has {'no bound' if limit.above is None else 'two bounds'}",
            where=where,
            mend=f"give one, such as `{EXAMPLES[judged.unit]}`",
        )
    _check_bound(where, limit, judged)
    if limit.buckets < 1 or limit.min_requests < 1:
        raise InvalidInput(
            "buckets and min_requests are at least 1", where=where, mend="e.g. for: 5m, min_requests: 50"
        )
    _check_chance(where, limit, judged)


def _check_bound(where: str, limit: Limit, judged: Metric) -> None:
    example = f"e.g. {EXAMPLES[judged.unit]}"
    if limit.side != ("above" if judged.direction == "lower" else "below"):
        raise InvalidInput(f"{judged.name} is better when {judged.direction}", where=where, mend=example)
    if isinstance(judged.measure, Bounded):
        _check_window(where, limit, judged, judged.measure)
        return
    if judged.unit == "share" and not 0 <= limit.bound < 1:
        raise InvalidInput(f"{limit.side} {limit.bound} is not in [0, 1)", where=where, mend=example)
    if judged.unit != "share" and not 0 < limit.bound < math.inf:
        raise InvalidInput(
            f"{limit.side} {limit.bound} is not a number of {judged.unit} above 0", where=where, mend=example
        )


def _check_window(where: str, limit: Limit, judged: Metric, scale: Bounded) -> None:
    if not scale.low < limit.bound < scale.high:
        raise InvalidInput(
            f"{limit.side} {limit.bound:g} is not within {scale.low:g} to {scale.high:g}",
            where=where,
            mend=f"{judged.name} lies on that scale: e.g. {limit.side}: {scale.low + 0.8 * (scale.high - scale.low):g}",
        )
    if limit.bucket_s != 60 or limit.buckets * limit.bucket_s > LONGEST_SCORES_S:
        raise InvalidInput(
            f"a window of {limit.buckets} times {limit.bucket_s} s",
            where=where,
            mend="scores have one of whole minutes, up to a day: `window: 1h`",
        )


def _check_chance(where: str, limit: Limit, judged: Metric) -> None:
    if not 0 <= limit.by_chance <= MOST_BY_CHANCE:
        raise InvalidInput(
            f"by_chance {limit.by_chance:g} is not in [0, {MOST_BY_CHANCE:g}]",
            where=where,
            mend="e.g. by_chance: 0.001%",
        )
    if limit.by_chance and limit.share is None and judged.kind != "score":
        raise InvalidInput(
            f"how far {judged.name} moves by chance is not known",
            where=where,
            mend="leave out `by_chance`; events, latencies and scores have it",
        )
