"""Judging an estimate by its robust standard error (statistics 4.2). Asymptotic: right once many units are in.

The clock is information, I = 1/SE². With z = (Δ̂ − δ)/SE, a normal mixture with standard deviation τ (in the metric's
own unit) over the true effect, and k = τ²I/(1 + τ²I):

    two-sided  log E = −½ log(1 + τ²I) + ½ z²k
    one-sided  log E = log 2 − ½ log(1 + τ²I) + ½ z²k + log Φ(z √k)

Sources: Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021, two-sided and one-sided normal mixture, at ρ = 1/τ²,
S = I(Δ̂ − δ), V = I; Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024 for an estimate in place of a sum of known
variance.
"""

from __future__ import annotations

import math

import msgspec
from scipy import special

from serinus.core.errors import InvalidInput
from serinus.core.stats.domain import finite, level, positive
from serinus.core.stats.evidence import Evidence, NoData, nothing

FALL_ALLOWED = 0.05
_SQRT_HALF = math.sqrt(0.5)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """An estimated effect Δ̂ of the candidate against control, in the metric's unit, and its variance SE² > 0."""

    value: float
    variance: float

    def __post_init__(self) -> None:
        """Refuse NaN, infinity and a variance of 0, which would be infinite information."""
        finite("effect.value", self.value)
        positive("effect.variance", self.variance)

    @property
    def information(self) -> float:
        """I = 1/SE²."""
        return 1.0 / self.variance


def mixture_sd(information: float, alpha: float, *, one_sided: bool) -> float:
    """τ for which the boundary at level `alpha` is tightest at this information, that of the first gate; once per plan.

    τ² = (2 log(1/α) + log(1 + 2 log(1/α))) / I*, with 2α for α when one-sided (Howard et al. 2021, tuning of ρ).
    InvalidInput unless I* > 0 and α in (0, 1), below ½ when one-sided.
    """
    positive("information", information)
    spent = level("alpha", alpha) * (2.0 if one_sided else 1.0)
    if spent >= 1.0:
        raise InvalidInput(f"{alpha} is not below one half", where="alpha", mend="0.01 and 0.05 are usual")
    log_term = 2.0 * math.log(1.0 / spent)
    return math.sqrt((log_term + math.log1p(log_term)) / information)


def difference(effect: Effect | NoData, tau: float, null: float = 0.0) -> Evidence:
    """Two-sided evidence against H0: Δ = `null`."""
    if isinstance(effect, NoData):
        return nothing(effect)
    prior, x = _standardised(effect, finite("null", null), tau)
    return Evidence(log_e=0.5 * x * x - prior)


def harm(effect: Effect | NoData, tau: float, margin: float = 0.0) -> Evidence:
    """One-sided evidence against H0: Δ ≤ `margin`, for a metric that is worse when higher."""
    if isinstance(effect, NoData):
        return nothing(effect)
    prior, x = _standardised(effect, finite("margin", margin), tau)
    return Evidence(log_e=math.log(2.0) - prior + _half_square_and_log_phi(x))


def no_harm(effect: Effect | NoData, tau: float, margin: float) -> Evidence:
    """The mirror: evidence against H0: Δ ≥ `margin`; it grows as the candidate is shown to be inside the margin."""
    if isinstance(effect, NoData):
        return nothing(effect)
    return harm(Effect(value=-effect.value, variance=effect.variance), tau, -finite("margin", margin))


def interval(effect: Effect, tau: float, alpha: float) -> tuple[float, float]:
    """Confidence sequence at 1 − α, at all times at once: every null that `difference` has not refuted.

    Δ̂ ± SE √((1 + τ²I)/(τ²I) (log(1 + τ²I) + 2 log(1/α)))
    """
    spread = positive("tau", tau) ** 2 * effect.information
    reach = (1.0 + spread) / spread * (math.log1p(spread) + 2.0 * math.log(1.0 / level("alpha", alpha)))
    half = math.sqrt(effect.variance * reach)
    return effect.value - half, effect.value + half


def fallen(before: Effect, now: Effect, allowed: float = FALL_ALLOWED) -> str:
    """Why to pause, when information fell by more than the share `allowed` since the last look; else empty.

    A little comes and goes with the estimated variance. More means data that were taken back, a counter that was
    reset, or a unit heavy enough to own the estimate; the evidence is then not a process any more.
    """
    if now.information >= (1.0 - allowed) * before.information:
        return ""
    return f"information fell from {before.information:.4g} to {now.information:.4g}"


def _standardised(effect: Effect, null: float, tau: float) -> tuple[float, float]:
    """½ log(1 + τ²I) and z √k."""
    spread = positive("tau", tau) ** 2 * effect.information
    z = (effect.value - null) * math.sqrt(effect.information)
    return 0.5 * math.log1p(spread), z * math.sqrt(spread / (1.0 + spread))


def _half_square_and_log_phi(x: float) -> float:
    """½x² + log Φ(x). For x < 0 both are huge and cancel: e^{x²/2} Φ(x) = ½ erfcx(−x/√2), DLMF 7.2.3."""
    if x >= 0.0:
        return 0.5 * x * x + float(special.log_ndtr(x))
    return math.log(0.5 * float(special.erfcx(-x * _SQRT_HALF)))
