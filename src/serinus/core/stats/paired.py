"""Paired shadow and offline comparisons (statistics 4.5, 4.6): the same input answered by both versions.

One pair per unit: a user with several pairs is one coin, not several. Events use discordant pairs, which under equality
are candidate-only or control-only with chance ½ each: test 4.1 at π = ½. Score differences D in [−1, 1] use betting,
which is 4.3 on (D + 1)/2. From the second turn on the history holds the baseline's answers; such pairs judge the next
turn given this history, nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from scipy import special

from serinus.core.errors import InvalidInput
from serinus.core.stats import events
from serinus.core.stats.betting import SCALE, Capital, scaled
from serinus.core.stats.domain import count, design_ratio
from serinus.core.stats.evidence import Evidence, NoData, nothing


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """Units by which side had the event: only the candidate, only control, both or neither (`tied`)."""

    candidate_only: int = 0
    control_only: int = 0
    tied: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not a count."""
        for name in self.__struct_fields__:
            count(f"pairs.{name}", getattr(self, name))

    def plus(self, other: Pairs) -> Pairs:
        """Both added: commutative and associative, over disjoint units."""
        return Pairs(
            candidate_only=self.candidate_only + other.candidate_only,
            control_only=self.control_only + other.control_only,
            tied=self.tied + other.tied,
        )


def of_units(differences: Iterable[Sequence[int]]) -> Pairs:
    """Units counted by the sign of their sum; each gives, per pair, candidate events less control events."""
    signs = [(total > 0) - (total < 0) for total in (sum(pairs) for pairs in differences)]
    return Pairs(candidate_only=signs.count(1), control_only=signs.count(-1), tied=signs.count(0))


def harm(pairs: Pairs, margin: events.Margin) -> Evidence:
    """Evidence against H0: candidate-only is at most `max_ratio` times as frequent as control-only."""
    if not pairs.candidate_only + pairs.control_only:
        return _concordant(pairs)
    design_ratio(*margin)
    return Evidence(log_e=float(events.harm(pairs.candidate_only, pairs.control_only, margin)))


def no_harm(pairs: Pairs, max_ratio: float) -> Evidence:
    """The mirror: evidence against H0: candidate-only is `max_ratio` times as frequent or more; `max_ratio` > 1."""
    if not pairs.candidate_only + pairs.control_only:
        return _concordant(pairs)
    if max_ratio <= 1:
        raise InvalidInput(
            f"nothing can be shown inside a ratio of {max_ratio}", where="max_ratio", mend="give one above 1"
        )
    return Evidence(log_e=float(events.no_harm(pairs.candidate_only, pairs.control_only, max_ratio)))


def opened(max_drop: float) -> Capital:
    """No differences yet, with a tolerated mean drop in [0, 1): bets against H0: E[y0 − y1] ≤ `max_drop`."""
    margin = scaled("max_drop", max_drop)
    if margin >= SCALE:
        raise InvalidInput("a drop of 1 is the whole scale", where="max_drop", mend="0.02 is usual")
    return Capital(margin=margin)


def advanced(state: Capital, scores: Sequence[tuple[int, int]]) -> Capital:
    """The capital after these units' (candidate, control) scores in millionths, one pair per unit."""
    gains = [zero - one - state.margin for one, zero in scores]
    return state.after(gains, [SCALE + state.margin] * len(gains))


def mcnemar(pairs: Pairs) -> float:
    """Exact two-sided p-value of equality for a *final* report, where nobody looked before: min(1, 2 P(B ≤ b)).

    B is binomial(n, ½) over the n discordant pairs, b the rarer side. 1 without a discordant pair. McNemar 1947.
    """
    rarer, n = min(pairs.candidate_only, pairs.control_only), pairs.candidate_only + pairs.control_only
    return min(1.0, 2.0 * float(special.bdtr(rarer, n, 0.5))) if n else 1.0


def _concordant(pairs: Pairs) -> Evidence:
    return nothing(NoData(reason=f"no discordant pair among {pairs.tied}"))
