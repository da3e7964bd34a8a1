"""Is control itself worse than its history (statistics 2.7)? One arm, which "both fall together" cannot hide from.

Rates: N events where history lets expect Λ, for a rate ratio r against H0: r ≤ 1, with a Gamma(κ, κ) prior on r
truncated to r > 1 (Q the regularised upper incomplete gamma function):

    E = ∫ r^N e^{−(r−1)Λ} dπ(r),
    log E = κ log κ − log Γ(κ) − log Q(κ, κ) + log Γ(κ+N) + log Q(κ+N, κ+Λ) − (κ+N) log(κ+Λ) + Λ

Exact for Poisson counts and conservative for at most one event per unit, as 1 + p(r−1) ≤ e^{p(r−1)}.
Source: Howard, Ramdas, McAuliffe & Sekhon 2021, gamma-Poisson mixture with c = 1.
Means: test 4.2 against the history's mean.
"""

from __future__ import annotations

import math
from functools import lru_cache

import msgspec
from scipy import special

from serinus.core.stats import estimate
from serinus.core.stats.domain import at_least, count, finite, level, positive
from serinus.core.stats.evidence import Evidence, NoData, nothing

PRIOR_EVENTS = 10.0
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_TINY = 1e-280
_ROUNDS = 10_000


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Units with an event among units exposed."""

    events: int = 0
    units: int = 0

    def __post_init__(self) -> None:
        """Refuse more events than units."""
        count("rate.events", self.events)
        count("rate.units", self.units)
        at_least("rate.units", self.units, self.events)

    def plus(self, other: Rate) -> Rate:
        """Both added: commutative and associative."""
        return Rate(events=self.events + other.events, units=self.units + other.units)


def reference_rate(history: Rate, beta: float, dispersion: float = 1.0) -> float | NoData:
    """An upper bound of the history's rate, with confidence 1 − `beta` (Garwood 1936): χ²_{1−β}(2(N + 1)) / (2n).

    Short history makes it high. The point estimate as a reference would, in time, accuse one healthy control in two.
    `dispersion`: events come in bursts of up to so many (`worse_rate`).
    """
    level("beta", beta)
    if not history.units:
        return NoData(reason="control has no history")
    bursts = history.events / at_least("dispersion", dispersion, 1.0)
    return float(special.gammaincinv(bursts + 1, 1.0 - beta)) * dispersion / history.units


def worse_rate(
    control: Rate, reference: float | NoData, max_ratio: float = 1.0, prior_events: float = PRIOR_EVENTS
) -> Evidence:
    """Evidence against H0: control's rate is at most `max_ratio` times the `reference` rate of its history."""
    if isinstance(reference, NoData):
        return nothing(reference)
    if not control.units:
        return nothing(NoData(reason="nobody in control"))
    expected = control.units * positive("reference", reference) * positive("max_ratio", max_ratio)
    return Evidence(log_e=worse_count(control.events, expected, prior_events=prior_events))


def worse_count(events: float, expected: float, dispersion: float = 1.0, prior_events: float = PRIOR_EVENTS) -> float:
    """log E against H0: at most so many events were to be `expected`. Where rates differ over time, Λ adds up.

    With a `dispersion` φ events come in bursts, and N/φ and Λ/φ are tested: for bursts of c ≤ φ events each
    E[e^{λN/φ}] = exp((Λ/c)(e^{λc/φ} − 1)) ≤ exp((Λ/φ)(e^λ − 1)) by convexity, so that E stays an e-value.
    """
    kappa = positive("prior_events", prior_events)
    bursts, usual = events / at_least("dispersion", dispersion, 1.0), at_least("expected", expected, 0.0) / dispersion
    return _weight(kappa + bursts, kappa + usual) - _prior(kappa)


def worse_mean(control: estimate.Effect | NoData, history: estimate.Effect, tau: float, margin: float) -> Evidence:
    """Evidence against H0: control's mean is at most `margin` above its history's, for a metric worse when higher.

    Each mean comes as value and variance (`ratio.arm_ratio`); the history's own uncertainty counts.
    """
    if isinstance(control, NoData):
        return nothing(control)
    rise = estimate.Effect(value=control.value - history.value, variance=control.variance + history.variance)
    return estimate.harm(rise, tau, finite("margin", margin))


@lru_cache(maxsize=64)
def _prior(kappa: float) -> float:
    return _weight(kappa, kappa)


def _weight(x: float, y: float) -> float:
    """log Γ(x) + log Q(x, y) − x log y + y. The large terms cancel to x (u − 1 − log u), u = y/x, by Stirling."""
    upper = float(special.gammaincc(x, y))
    if upper < _TINY:
        return -math.log(_fraction(x, y))
    off = (y - x) / x
    return x * (off - math.log1p(off)) - 0.5 * math.log(x) + _HALF_LOG_2PI + _stirling(x) + math.log(upper)


def _stirling(x: float) -> float:
    """log Γ(x) − [(x − ½) log x − x + ½ log 2π], DLMF 5.11.1."""
    if x < 16.0:
        return math.lgamma(x) - ((x - 0.5) * math.log(x) - x + _HALF_LOG_2PI)
    z = 1.0 / (x * x)
    return (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / x


def _fraction(x: float, y: float) -> float:
    """f in Γ(x, y) = y^x e^{−y} / f for y far above x, DLMF 8.9.2, by modified Lentz."""
    b = y + 1.0 - x
    c, d = 1e300, 1.0 / b
    value = d
    for i in range(1, _ROUNDS):
        term = -i * (i - x)
        b += 2.0
        d = 1.0 / (term * d + b)
        c = b + term / c
        value *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return 1.0 / value
