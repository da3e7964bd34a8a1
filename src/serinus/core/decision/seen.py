"""What one place has seen of a metric: candidate and baseline, their ratio, and the interval of that."""

from __future__ import annotations

import math

import msgspec

from serinus.core.stats import events


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One place's: values in the metric's unit over `n` cases, pairs or users of the candidate; `ratio` of candidate
    to baseline with its confidence sequence. None: nobody knows; an infinite `high` is None too."""

    n: int
    candidate: float | None = None
    baseline: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


def from_pairs(seen: Seen, both: int, candidate_only: int, baseline_only: int, alpha: float) -> Seen:
    """With the ratio of the shares that have an event, (both + candidate only) / (both + baseline only). Its interval
    follows from that of the odds of the pairs in which one side alone has it (4.5), given how many these are."""
    alone = candidate_only + baseline_only
    if not alone:
        return msgspec.structs.replace(seen, ratio=1.0 if both else None, low=0.0)

    def ratio(odds: float) -> float:
        share = 1.0 if math.isinf(odds) else odds / (1 + odds)
        under = both + alone * (1 - share)
        return (both + alone * share) / under if under else math.inf

    low, high = events.ratio_interval(candidate_only, baseline_only, alpha)
    return msgspec.structs.replace(
        seen, ratio=over(both + candidate_only, both + baseline_only), low=ratio(low), high=finite(ratio(high))
    )


def from_arms(seen: Seen, candidate: int, control: int, alpha: float) -> Seen:
    """With the ratio of first bad events of two arms of equal shares (4.1)."""
    low, high = events.ratio_interval(candidate, control, alpha) if candidate + control else (0.0, math.inf)
    return msgspec.structs.replace(seen, ratio=over(candidate, control), low=low, high=finite(high))


def over(candidate: float | None, baseline: float | None) -> float | None:
    """The ratio; None where there is none."""
    return candidate / baseline if candidate is not None and baseline else None


def finite(value: float) -> float | None:
    """None for infinity, which JSON has not."""
    return None if math.isinf(value) else value
