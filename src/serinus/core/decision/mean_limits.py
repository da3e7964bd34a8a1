"""Limits on the mean of scores over a window (J1): one bucket holds all of it."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.decision.breach import Breach
from serinus.core.decision.observations import Bucket
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import amount, span
from serinus.core.metrics import Bounded, metric
from serinus.core.pipeline.limit import Limit
from serinus.core.records.score_sums import ScoreSum
from serinus.core.stats import means

_MICRO = 1_000_000


def mean_bucket(limit: Limit, start_us: int, candidate: ScoreSum, control: ScoreSum) -> Bucket:
    """The window as a limit weighs it: `bad` holds the sums of scores, `base` those of their squares, in millionths."""
    one, other = _mean(limit, candidate), _mean(limit, control)
    return Bucket(
        start_us,
        candidate.count,
        candidate.total,
        control.count,
        control.total,
        candidate.squares,
        control.squares,
        one.value if one else None,
        other.value if other else None,
    )


def judge_mean(index: int, limit: Limit, buckets: Sequence[Bucket]) -> Breach:
    """The standing of a limit from its window: NO_DATA while that holds too few scores. A mean beyond the bound that
    may well be luck is no breach, and says nothing of the dwell either."""
    found = buckets[-1] if buckets else None
    if found is None or found.candidate < limit.min_requests:
        return Breach(index=index, verdict=Verdict.NO_DATA)
    mean = _mean(limit, ScoreSum(found.candidate, found.candidate_bad, found.candidate_base))
    if mean is None or not _beyond(limit, mean) or _luck(limit, mean):
        return Breach(index=index, verdict=Verdict.PASS)
    control = _mean(limit, ScoreSum(found.control, found.control_bad, found.control_base))
    vetoed = control is not None and control.scores >= limit.min_requests and _beyond(limit, control)
    return Breach(index=index, verdict=Verdict.FAIL, vetoed=vetoed, over_now=True, run=(found,))


def mean_sentence(limit: Limit, breach: Breach) -> str:
    """The mean, over how many scores and how long, the limit, and how the control did."""
    (found,) = breach.run
    judged = metric(limit.metric)
    excess = "much" if limit.side == "above" else "little"
    beside = (
        f"; control: {amount(judged.unit, found.control_value)} of {found.control:,}"
        if found.control_value is not None
        else ""
    )
    return (
        f"{judged.title} was {amount(judged.unit, found.candidate_value or 0.0)} on average of {found.candidate:,} "
        f"scores within {span(limit.window_s)}; {limit.side} {amount(judged.unit, limit.bound)} is too {excess}{beside}"
    )


def _mean(limit: Limit, sums: ScoreSum) -> means.Mean | None:
    scale = metric(limit.metric).measure
    found = means.mean_of(sums.count, sums.total / _MICRO, sums.squares / _MICRO)
    return found.on(scale.low, scale.high) if found is not None and isinstance(scale, Bounded) else None


def _beyond(limit: Limit, mean: means.Mean) -> bool:
    return mean.value > limit.bound if limit.side == "above" else mean.value < limit.bound


def _luck(limit: Limit, mean: means.Mean) -> bool:
    """Whether a version that is just at the bound would show such a mean more often than `by_chance` allows."""
    if not limit.by_chance:
        return False
    return means.chance(abs(mean.value - limit.bound), mean) > limit.by_chance
