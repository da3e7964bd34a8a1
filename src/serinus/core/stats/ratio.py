"""From sums over units to an effect with its robust variance (statistics 4.2): delta method, strata, guards.

For one arm R = Σx/Σy over c clusters, with residuals d_i = x_i − R y_i,

    SE²(R) = c/(c − 1) · Σ d_i² / (Σy)²,   Σ d_i² = Σxx − 2R Σxy + R² Σyy,

in exact integers, so that nothing cancels at 1e8 units. Source: Deng, Knoblich & Lu 2018, variance of a ratio.
Strata are joined by inverse variance: Δ̂ = Σ I_s Δ̂_s / I, I = Σ I_s. Guards decide when that may be believed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec

from serinus.core.stats.domain import at_least
from serinus.core.stats.estimate import Effect
from serinus.core.stats.evidence import NoData
from serinus.core.stats.unit_sums import Moments


class Guards(msgspec.Struct, frozen=True, kw_only=True):
    """When an estimate may be judged.

    `min_units` per arm and `min_events` over both arms in all; a stratum below `min_stratum_units` in either arm
    waits outside. A stratum's variance per unit is taken to be at least `variance_floor` times the pooled one.
    """

    min_units: int = 100
    min_events: int = 20
    min_stratum_units: int = 30
    variance_floor: float = 1.0

    def __post_init__(self) -> None:
        """Refuse guards that guard nothing: a variance takes two units."""
        at_least("guards.min_units", self.min_units, 2)
        at_least("guards.min_stratum_units", self.min_stratum_units, 2)
        at_least("guards.min_events", self.min_events, 1)
        at_least("guards.variance_floor", self.variance_floor, 0.0)


class Stratum(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of both arms in one stratum."""

    candidate: Moments
    control: Moments


class _Arm(msgspec.Struct, frozen=True):
    """One arm's estimate in one stratum: value on the scale of the comparison, variance per unit, units."""

    value: float
    unit_variance: float
    units: int


DEFAULT = Guards()


def arm_ratio(moments: Moments) -> tuple[float, float] | None:
    """R = Σx/Σy in the metric's unit and SE²(R); None without two clusters or with Σy = 0."""
    c, x, y = moments.clusters, moments.x, moments.y
    if c < 2 or y == 0:
        return None
    residual = moments.xx * y * y - 2 * x * y * moments.xy + x * x * moments.yy
    unit = moments.y_scale / moments.x_scale
    return x / y * unit, c * residual / ((c - 1) * y**4) * unit * unit


def increase(strata: Sequence[Stratum], guards: Guards = DEFAULT) -> Effect | NoData:
    """Δ = R1 − R0, candidate less control, in the metric's unit."""
    return _joined(strata, guards, _plain)


def log_ratio(strata: Sequence[Stratum], guards: Guards = DEFAULT) -> Effect | NoData:
    """Δ = log R1 − log R0 for a metric above 0, with SE²(log R) = SE²(R)/R²: margins are log(max_ratio)."""
    return _joined(strata, guards, _logarithm)


def _plain(moments: Moments) -> _Arm | None:
    found = arm_ratio(moments)
    return None if found is None else _Arm(found[0], found[1] * moments.units, moments.units)


def _logarithm(moments: Moments) -> _Arm | None:
    found = arm_ratio(moments)
    if found is None or found[0] <= 0:
        return None
    value, variance = found
    return _Arm(math.log(value), variance / (value * value) * moments.units, moments.units)


def _joined(strata: Sequence[Stratum], guards: Guards, estimate: Callable[[Moments], _Arm | None]) -> Effect | NoData:
    big = [s for s in strata if min(s.candidate.units, s.control.units) >= guards.min_stratum_units]
    missing = _unfit(big, guards)
    if missing:
        return NoData(reason=missing)
    arms = [(estimate(s.candidate), estimate(s.control)) for s in big]
    pairs = [(one, zero) for one, zero in arms if one is not None and zero is not None]
    if not pairs:
        return NoData(reason="no stratum has a ratio in both arms")
    return _by_inverse_variance(pairs, guards.variance_floor)


def _unfit(strata: Sequence[Stratum], guards: Guards) -> str:
    """Why the strata that count are too little, or empty."""
    for arm, units in (
        ("candidate", sum(s.candidate.units for s in strata)),
        ("control", sum(s.control.units for s in strata)),
    ):
        if units < guards.min_units:
            return f"{units} units in {arm}, {guards.min_units} needed"
    events = sum(s.candidate.events + s.control.events for s in strata)
    return "" if events >= guards.min_events else f"{events} units with a value, {guards.min_events} needed"


def _by_inverse_variance(pairs: Sequence[tuple[_Arm, _Arm]], floor: float) -> Effect | NoData:
    least = [floor * _pooled([pair[arm] for pair in pairs]) for arm in (0, 1)]
    information = weighted = 0.0
    for one, zero in pairs:
        variance = max(one.unit_variance, least[0]) / one.units + max(zero.unit_variance, least[1]) / zero.units
        if variance <= 0.0:
            return NoData(reason="the values do not vary")
        information += 1.0 / variance
        weighted += (one.value - zero.value) / variance
    return Effect(value=weighted / information, variance=1.0 / information)


def _pooled(arms: Sequence[_Arm]) -> float:
    """Variance per unit over all strata of an arm."""
    return sum(arm.unit_variance * arm.units for arm in arms) / sum(arm.units for arm in arms)
