"""Counts what a run brings in, one score at a time, in memory that grows with the cases alone."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence

import msgspec

from serinus.core.judging.answer import Answer, Fault, Price
from serinus.core.judging.score import Score

CANDIDATE, BASELINE = 0, 1
_KINDS_KEPT = 20


class Reduced(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of one criterion on one side: the mean of each case's repeats, and what is unscored by reason."""

    values: Sequence[float | None]
    scored: int
    unscored: int
    reasons: dict[str, int]
    flips: int


class _Series:
    """Sums by case."""

    def __init__(self, cases: int) -> None:
        self.sums = array("d", bytes(8 * cases))
        self.counts = array("l", bytes(array("l").itemsize * cases))
        self.reasons: Counter[str] = Counter()
        self.scored = self.unscored = self.flips = 0

    def note(self, case: int, score: Score) -> None:
        self.flips += score.flipped
        if score.value is None:
            self.unscored += 1
            known = score.reason in self.reasons or len(self.reasons) < _KINDS_KEPT
            self.reasons[score.reason if known else "other reasons"] += 1
            return
        self.scored += 1
        self.sums[case] += score.value
        self.counts[case] += 1

    def reduced(self) -> Reduced:
        values = [s / n if n else None for s, n in zip(self.sums, self.counts, strict=True)]
        return Reduced(
            values=values,
            scored=self.scored,
            unscored=self.unscored,
            reasons=dict(self.reasons.most_common()),
            flips=self.flips,
        )


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What one side's answers took. Latencies in ms, None without answers; costs in nano-USD, None without a price."""

    answers: int
    missing: int
    faults: dict[str, int]
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    tokens_in: int
    tokens_out: int
    cost_nano: int | None


class _Side:
    """Answers of one version."""

    def __init__(self, price: Price | None) -> None:
        self.price = price
        self.latencies = array("f")
        self.faults: Counter[str] = Counter()
        self.tokens_in = self.tokens_out = 0

    def usage(self) -> Usage:
        ordered = sorted(self.latencies)
        cost = self.price.cost_nano(self.tokens_in, self.tokens_out) if self.price else None
        return Usage(
            answers=len(ordered),
            missing=self.faults.total(),
            faults=dict(self.faults.most_common()),
            latency_p50_ms=_quantile(ordered, 0.5),
            latency_p95_ms=_quantile(ordered, 0.95),
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            cost_nano=cost,
        )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest rank."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None


class Tally:
    """Both sides over `cases` cases and `criteria` criteria."""

    def __init__(self, cases: int, criteria: int, prices: Sequence[Price | None]) -> None:
        self._series = [[_Series(cases) for _ in range(criteria)] for _ in prices]
        self._sides = [_Side(price) for price in prices]
        self.judge_cost_nano = 0

    def answered(self, side: int, outcome: Answer | Fault) -> None:
        """An answer, or why there is none."""
        into = self._sides[side]
        if isinstance(outcome, Fault):
            into.faults[f"{outcome.kind} {outcome.status}" if outcome.status else outcome.kind] += 1
            return
        into.latencies.append(outcome.latency_ms)
        into.tokens_in += max(0, outcome.tokens_in)
        into.tokens_out += max(0, outcome.tokens_out)

    def unasked(self, side: int, why: str) -> None:
        """A question that was not put: a limit was reached before."""
        self._sides[side].faults[why] += 1

    def scored(self, side: int, criterion: int, case: int, score: Score) -> None:
        """A score."""
        self._series[side][criterion].note(case, score)
        self.judge_cost_nano += score.cost_nano

    def reduced(self, side: int, criterion: int) -> Reduced:
        """All scores of a criterion."""
        return self._series[side][criterion].reduced()

    def usage(self, side: int) -> Usage:
        """All answers of a side."""
        return self._sides[side].usage()
