"""Non-inferiority: the candidate shown to be inside the margin of every guardrail (H5a, statistics 3)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from serinus.core.decision import labels, ratios
from serinus.core.decision.harm import DIGITS, NOTHING, compared_positions, margin_of, unmeasured
from serinus.core.decision.labels import Known, by_metric
from serinus.core.decision.ratios import UnitSpread
from serinus.core.decision.wording import odds, percent
from serinus.core.metrics import Kind, metric
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.records.label_sums import LabelSums
from serinus.core.release.release import Positions, Release
from serinus.core.stats import single
from serinus.core.stats.multiplicity import retry_level


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """One guardrail's: log E of the mirror process, against a ratio of `max_ratio` or more, or a score that is worse by
    `max_drop`. `no_data`: why there is none."""

    metric: str
    max_ratio: float
    candidate: int
    control: int
    log_e: float
    kind: Kind = "events"
    no_data: str = ""
    max_drop: float = 0.0


class Margins(msgspec.Struct, frozen=True, kw_only=True):
    """All guardrails that may roll back, in the plan's order; each must reach `needed`, the log of 1/β: at the
    k-th attempt of a lineage β/2^(k−1)."""

    evidence: tuple[Margin, ...]
    needed: float

    @property
    def lacking(self) -> tuple[Margin, ...]:
        """Those not shown yet."""
        return tuple(one for one in self.evidence if one.log_e < self.needed)


def judge_margins(
    release: Release,
    positions: Positions,
    spreads: Sequence[UnitSpread] = (),
    information: Mapping[str, float] = NOTHING,
    scores: Sequence[LabelSums] = (),
) -> Margins:
    """The standing of every promoting guardrail over the whole comparison. No correction for their number: all must
    be shown (statistics 5)."""
    counted = compared_positions(release, positions)
    known = by_metric(scores)
    found = []
    for guardrail in release.plan.promoting():
        if guardrail.kind == "ratio":
            found.append(_ratio_margin(guardrail, spreads, information))
        elif guardrail.kind == "score":
            found.append(_score_margin(guardrail, known))
        else:
            found.append(_event_margin(release, guardrail, counted.get(guardrail.metric, (0, 0))))
    beta = retry_level(release.plan.beta, release.lineage.attempt)
    return Margins(evidence=tuple(found), needed=round(math.log(1 / beta), DIGITS))


def _event_margin(release: Release, guardrail: Guardrail, seen: tuple[int, int]) -> Margin:
    if guardrail.kind == "quantile":
        # The margin is in the candidate's threshold, so that the mirror is harm of control by the same test.
        log_e = single.harm(seen[1], seen[0], margin_of(guardrail))
    else:
        log_e = single.no_harm(*seen, guardrail.max_ratio)
    missing = unmeasured(release, guardrail)
    return Margin(
        metric=guardrail.metric,
        max_ratio=guardrail.max_ratio,
        candidate=seen[0],
        control=seen[1],
        log_e=0.0 if missing else round(log_e, DIGITS),
        kind=guardrail.kind,
        no_data=missing,
    )


def _ratio_margin(guardrail: Guardrail, spreads: Sequence[UnitSpread], most: Mapping[str, float]) -> Margin:
    found = ratios.compare(guardrail, spreads)
    missing = ratios.missing(guardrail, found, most)
    return Margin(
        metric=guardrail.metric,
        max_ratio=guardrail.max_ratio,
        candidate=found.units[0],
        control=found.units[1],
        log_e=0.0 if missing else round(ratios.no_harm_log_e(guardrail, found), DIGITS),
        kind="ratio",
        no_data=missing,
    )


def _score_margin(guardrail: Guardrail, known: Known) -> Margin:
    found = known.get(guardrail.metric) or LabelSums(metric=guardrail.metric)
    missing = labels.unscored(found)
    candidate, control = found.labelled()
    return Margin(
        metric=guardrail.metric,
        max_ratio=guardrail.max_ratio,
        candidate=candidate,
        control=control,
        log_e=0.0 if missing else round(labels.no_harm_log_e(found), DIGITS),
        kind="score",
        no_data=missing,
        max_drop=guardrail.drop,
    )


def lacking_sentence(margins: Margins) -> str:
    """What is not shown yet; empty when all is."""
    if not margins.lacking:
        return ""
    parts = (f"{_inside(one)} ({odds(one.log_e)} to 1)" for one in margins.lacking)
    return f"not yet shown at {odds(margins.needed)} to 1: {', '.join(parts)}"


def _inside(one: Margin) -> str:
    title = metric(one.metric).title
    if one.kind == "score":
        worse = "above" if metric(one.metric).direction == "lower" else "below"
        return f"{title} less than {percent(one.max_drop)} of its scale {worse} the control's"
    return f"{title} below {one.max_ratio:g} times the control's"
