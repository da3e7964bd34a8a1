"""Latency quantiles by exceedance (statistics 4.4): events above the control's own quantile.

T is the control's q-quantile in this population. Harm is a candidate whose q-quantile is above (1 + m) T:

    candidate event  X > (1 + m) T        control event  X > T        then test 4.1 with r0 = 1

If the candidate is exactly 1 + m times as slow as control, P(X1 > (1+m) T) = P(X0 > T) for *every* T: the test is exact
at its boundary and immune to a stale T and to drift that both arms share.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from serinus.core.records.histogram import Histogram
from serinus.core.stats import domain, events
from serinus.core.stats.domain import at_least, count, level
from serinus.core.stats.evidence import Evidence, NoData, nothing

TAIL_VALUES = 20
"""How many values the tail above a quantile needs before it is a threshold."""
DESIGN_RATIO = 2.0


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """T, frozen when the release starts or when the first control units are in: `at_us` microseconds.

    When `source` is `first control units`, those units, and candidates exposed up to then, have no events.
    """

    quantile: float
    at_us: int
    values: int
    source: Literal["history", "first control units"]


class Exceedances(msgspec.Struct, frozen=True, kw_only=True):
    """Units with at least one event, by arm."""

    candidate: int = 0
    control: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not a count."""
        count("candidate", self.candidate)
        count("control", self.control)

    def plus(self, other: Exceedances) -> Exceedances:
        """Both added: commutative and associative."""
        return Exceedances(candidate=self.candidate + other.candidate, control=self.control + other.control)


def threshold(
    seen: Histogram, quantile: float, source: Literal["history", "first control units"]
) -> Threshold | NoData:
    """T from the control's own latencies in microseconds; no data while its tail holds fewer than 20 of them."""
    level("quantile", quantile)
    tail = min(quantile, 1.0 - quantile)
    needed = math.ceil(TAIL_VALUES / tail - 1e-9)
    at = seen.quantile(quantile)
    if at is None or seen.count < needed:
        return NoData(reason=f"{seen.count} control latencies, {needed} needed for the {quantile:g} quantile")
    return Threshold(quantile=quantile, at_us=math.ceil(at), values=seen.count, source=source)


def candidate_limit_us(found: Threshold, max_increase: float) -> int:
    """(1 + m) T in whole microseconds, above which a candidate's latency is an event. `max_increase` m ≥ 0."""
    return round(found.at_us * (1.0 + at_least("max_increase", max_increase, 0.0)))


def harm(seen: Exceedances, design_ratio: float = DESIGN_RATIO) -> Evidence:
    """Evidence against H0: the candidate's quantile is at most (1 + m) times control's; equal shares of units."""
    if not seen.candidate + seen.control:
        return nothing(NoData(reason="no latency above the threshold in either arm"))
    margin = events.Margin(1.0, domain.design_ratio(1.0, design_ratio))
    return Evidence(log_e=float(events.harm(seen.candidate, seen.control, margin)))


def no_harm(seen: Exceedances, design_ratio: float = DESIGN_RATIO) -> Evidence:
    """The mirror: evidence against H0: the candidate's quantile is (1 + m) times control's or more.

    The margin is in the limit already, so the ratio tested is 1: an equal candidate is seldom above (1 + m) T.
    """
    return harm(Exceedances(candidate=seen.control, control=seen.candidate), design_ratio)
