"""Candidate against baseline on the same cases (D2). Repeats are reduced to one score per case before."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.core.stats.fixed_sample import Interval, paired_mean, pairs_needed, visible_drop
from serinus.core.stats.paired import Pairs, mcnemar

MOST_SHOWN = 20
_EQUAL = 1e-9


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One score per case, aligned with `ids`; None where a case is unscored."""

    ids: Sequence[str]
    weights: Sequence[float]
    clusters: Sequence[int]
    candidate: Sequence[float | None]
    baseline: Sequence[float | None]


class Worse(msgspec.Struct, frozen=True, kw_only=True):
    """A case that the candidate answers worse."""

    case: str
    candidate: float
    baseline: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`difference` is candidate minus baseline. `p_value`: exact McNemar test of equality (a sign test over cases where
    scores are not only 0 and 1). `visible`: the smallest drop that so many pairs show with a power of 80 %."""

    pairs: int
    wins: int
    losses: int
    ties: int
    difference: Interval
    p_value: float
    visible: float
    worse: tuple[Worse, ...]

    def needed(self, drop: float) -> int:
        """How many cases, discordant as often as these, would show this drop."""
        return pairs_needed(drop, discordant_share(self.wins + self.losses, self.pairs))


def compare(measured: Measured) -> Comparison:
    """The pairs in which both are scored; the cases that got worse first, by how much."""
    paired = [
        (index, one, zero)
        for index, (one, zero) in enumerate(zip(measured.candidate, measured.baseline, strict=True))
        if one is not None and zero is not None
    ]
    wins = sum(one > zero + _EQUAL for _, one, zero in paired)
    losses = sum(zero > one + _EQUAL for _, one, zero in paired)
    ties = len(paired) - wins - losses
    worse = sorted((p for p in paired if p[2] > p[1] + _EQUAL), key=lambda p: (p[1] - p[2], p[0]))[:MOST_SHOWN]
    return Comparison(
        pairs=len(paired),
        wins=wins,
        losses=losses,
        ties=ties,
        difference=paired_mean(
            [one - zero for _, one, zero in paired],
            [measured.weights[index] for index, _, _ in paired],
            [measured.clusters[index] for index, _, _ in paired],
        ),
        p_value=mcnemar(Pairs(candidate_only=losses, control_only=wins, tied=ties)),
        visible=visible_drop(len(paired), discordant_share(wins + losses, len(paired))),
        worse=tuple(Worse(case=measured.ids[i], candidate=one, baseline=zero) for i, one, zero in worse),
    )


def discordant_share(discordant: int, pairs: int) -> float:
    """The share of pairs that differ, one more each way assumed: seeing none is not knowing there are none."""
    return min(1.0, (discordant + 2) / (pairs + 2))
