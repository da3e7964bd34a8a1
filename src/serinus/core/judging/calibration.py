"""Calibration: how a judge grades answers that people have labelled. Only a calibrated judge may gate (D8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from serinus.core.stats.agreement import Interval, kappa, wilson

LOWEST_BOUND = 0.80


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How many answers people gave one label and the judge another; `judge` empty: unscored."""

    human: str
    judge: str
    count: int


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A judge (by digest) on a labelled set (by digest). `good`: the labels that are worth one half or more."""

    judge: str
    labels: str
    good: tuple[str, ...]
    agreement: tuple[Agreement, ...]
    flips: int = 0

    @property
    def cases(self) -> int:
        """How many labelled answers were graded."""
        return sum(one.count for one in self.agreement)

    def true_positive_rate(self) -> Interval:
        """Of answers that people call good, the share that the judge calls good; unscored ones are misses."""
        return self._rate(good=True)

    def true_negative_rate(self) -> Interval:
        """Of answers that people call bad, the share that the judge calls bad; unscored ones are misses."""
        return self._rate(good=False)

    def _rate(self, *, good: bool) -> Interval:
        mine = [one for one in self.agreement if (one.human in self.good) == good]
        hits = sum(one.count for one in mine if one.judge and (one.judge in self.good) == good)
        return wilson(hits, sum(one.count for one in mine))

    def kappa(self) -> float:
        """Cohen's κ over all labels, unscored ones a label of their own."""
        return kappa({(one.human, one.judge): one.count for one in self.agreement})

    def shortcoming(self, bound: float = LOWEST_BOUND) -> str:
        """Why the judge may not gate; empty when both lower 95 % bounds reach `bound`."""
        for words, rate in (("good", self.true_positive_rate()), ("bad", self.true_negative_rate())):
            if rate.low < bound:
                return (
                    f"it finds {rate.value:.1%} of {words} answers, at least {rate.low:.1%} at 95 %,"
                    f" and {bound:.0%} are needed"
                )
        return ""


def calibration(
    judge: str, labels: str, grades: Mapping[str, float], graded: Iterable[tuple[str, str]], flips: int
) -> Calibration:
    """From pairs (people's label, judge's grade or empty)."""
    counted = Counter(graded)
    return Calibration(
        judge=judge,
        labels=labels,
        good=tuple(grade for grade, value in grades.items() if value >= 0.5),
        agreement=tuple(Agreement(human=h, judge=j, count=n) for (h, j), n in sorted(counted.items())),
        flips=flips,
    )
