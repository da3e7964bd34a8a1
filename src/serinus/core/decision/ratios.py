"""Ratios of sums over units, cost and tokens per call, against the control's (statistics 4.2). Asymptotic.

Buckets of units are the clusters; the effect is the log of the ratio of the arms' ratios, its margin the log of what is
tolerated. τ is as wide as harm of the design ratio lies beyond the margin: fixed with the plan. The evidence restarted
at a step is that of the units enrolled from that step on, so that nothing has to be taken away from sums of products.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from serinus.core.metrics import Ratio, metric
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.records.sums import Sum, SumKey
from serinus.core.records.unit_measures import BUCKETS, Spread
from serinus.core.routing.assignment import Arm
from serinus.core.stats import estimate, ratio
from serinus.core.stats.estimate import Effect
from serinus.core.stats.evidence import NoData
from serinus.core.stats.unit_sums import Moments

FALL_ALLOWED = 0.05
"""By more than this information must not have fallen for evidence to count."""
FALL_BROKEN = 0.5
"""Information that fell by more than this was of data that are not there any more."""


class UnitSpread(msgspec.Struct, frozen=True, array_like=True):
    """The sums of a metric over the units of an arm in a stratum, and how many `units` have a value."""

    stratum: int
    metric: str
    arm: int
    units: int
    spread: Spread


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The arms' ratios in the metric's unit, over so many units, and the log of their ratio with its variance."""

    candidate: float | None
    control: float | None
    units: tuple[int, int]
    effect: Effect | NoData


def unit_spreads(
    sums: Sequence[tuple[SumKey, Sum]], spreads: Mapping[tuple[int, str, int], Spread]
) -> tuple[UnitSpread, ...]:
    """Spreads by (stratum, metric, arm), with how many units each is over."""
    units = {(key.stratum, key.metric, key.arm): value.total for key, value in sums}
    return tuple(UnitSpread(*place, units.get(place, 0), spreads[place]) for place in sorted(spreads))


def compare(rail: Guardrail, spreads: Sequence[UnitSpread], since: int = 0) -> Compared:
    """What the units enrolled from stratum `since` on say."""
    own = {(one.stratum, one.arm): one for one in spreads if one.metric == rail.metric and one.stratum >= since}
    strata = sorted({stratum for stratum, _ in own})
    candidate, control = ([_moments(own.get((s, arm))) for s in strata] for arm in (Arm.CANDIDATE, Arm.CONTROL))
    pairs = zip(candidate, control, strict=True)
    return Compared(
        candidate=_value(rail, candidate),
        control=_value(rail, control),
        units=(sum(one.units for one in candidate), sum(one.units for one in control)),
        effect=ratio.log_ratio([ratio.Stratum(candidate=one, control=other) for one, other in pairs]),
    )


def harm_log_e(rail: Guardrail, found: Compared) -> float:
    """log E against H0: the candidate's ratio is at most `max_ratio` times the control's; 0 without data."""
    margin = math.log(rail.max_ratio)
    return estimate.harm(found.effect, tau(rail), margin).log_e


def no_harm_log_e(rail: Guardrail, found: Compared) -> float:
    """The mirror: log E against H0: it is `max_ratio` times the control's or more."""
    return estimate.no_harm(found.effect, tau(rail), math.log(rail.max_ratio)).log_e


def tau(rail: Guardrail) -> float:
    """The standard deviation of the mixture over effects."""
    return math.log(rail.design_ratio / rail.max_ratio)


def missing(rail: Guardrail, found: Compared, most: Mapping[str, float]) -> str:
    """Why nothing can be said, or empty. `most` is the largest information so far, by metric."""
    if isinstance(found.effect, NoData):
        return found.effect.reason
    before, now = most.get(rail.metric, 0.0), found.effect.information
    if now < before * (1 - FALL_ALLOWED):
        return f"information has fallen from {before:.3g} to {now:.3g}, as by single heavy users"
    return ""


def information(found: Compared) -> float:
    """1/SE² of the log ratio, to six digits; 0 without data."""
    return 0.0 if isinstance(found.effect, NoData) else float(f"{found.effect.information:.6g}")


def _moments(found: UnitSpread | None) -> Moments:
    if found is None:
        return Moments()
    sums = found.spread
    return Moments(
        units=found.units,
        clusters=BUCKETS,
        events=found.units if sums.total else 0,
        x=sums.total,
        y=sums.calls,
        xx=sums.squares,
        xy=sums.products,
        yy=sums.call_squares,
    )


def _value(rail: Guardrail, moments: Sequence[Moments]) -> float | None:
    measure = metric(rail.metric).measure
    if not isinstance(measure, Ratio):
        return None
    return measure.value(sum(one.x for one in moments), sum(one.y for one in moments))
