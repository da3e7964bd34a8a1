"""Non-inferiority: the candidate shown to be inside the margin of every guardrail (H5a, statistics 3)."""

from __future__ import annotations

import math

import msgspec

from serinus.core.decision.harm import DIGITS, compared_positions
from serinus.core.decision.wording import odds
from serinus.core.metrics import metric
from serinus.core.release.release import Positions, Release
from serinus.core.stats import single


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """One guardrail's: log E of the mirror process, against a rate ratio of `max_ratio` or more."""

    metric: str
    max_ratio: float
    candidate: int
    control: int
    log_e: float


class Margins(msgspec.Struct, frozen=True, kw_only=True):
    """All guardrails that may roll back, in the plan's order; each must reach `needed`, the log of 1/β."""

    evidence: tuple[Margin, ...]
    needed: float

    @property
    def lacking(self) -> tuple[Margin, ...]:
        """Those not shown yet."""
        return tuple(one for one in self.evidence if one.log_e < self.needed)


def judge_margins(release: Release, positions: Positions) -> Margins:
    """The standing of every promoting guardrail over the whole comparison. No correction for their number: all must
    be shown (statistics 5)."""
    counted = compared_positions(release, positions)
    found = []
    for guardrail in release.plan.promoting():
        candidate, control = counted.get(guardrail.metric, (0, 0))
        found.append(
            Margin(
                metric=guardrail.metric,
                max_ratio=guardrail.max_ratio,
                candidate=candidate,
                control=control,
                log_e=round(single.no_harm(candidate, control, guardrail.max_ratio), DIGITS),
            )
        )
    return Margins(evidence=tuple(found), needed=round(math.log(1 / release.plan.beta), DIGITS))


def lacking_sentence(margins: Margins) -> str:
    """What is not shown yet; empty when all is."""
    if not margins.lacking:
        return ""
    parts = (
        f"{metric(one.metric).title} below {one.max_ratio:g} times the control's ({odds(one.log_e)} to 1)"
        for one in margins.lacking
    )
    return f"not yet shown at {odds(margins.needed)} to 1: {', '.join(parts)}"
