"""How close to the limit (statistics 6): what no test of power one can beat, and η, how far above it ours is.

No such test needs fewer enrolled units on average than log(1/α) / I(arm; outcome), the least information between the
truth and the null (Wald 1947; Farrell 1964). All bounds are in enrolled units of both arms; `share` is π.
"""

from __future__ import annotations

import math

from scipy import optimize, special

from serinus.core.errors import InvalidInput
from serinus.core.stats.domain import at_least, finite, level, positive


def kl(p: float, q: float) -> float:
    """Relative entropy of a coin p from a coin q, in nats: p log(p/q) + (1−p) log((1−p)/(1−q)); inf where q forbids."""
    for name, value in (("p", p), ("q", q)):
        if not 0.0 <= value <= 1.0:
            raise InvalidInput(f"{value} is not in [0, 1]", where=name, mend="give a probability")
    return max(0.0, float(special.rel_entr(p, q) + special.rel_entr(1.0 - p, 1.0 - q)))


def event_information(p1: float, p0: float, share: float = 0.5, max_ratio: float = 1.0) -> float:
    """I(arm; outcome) per enrolled unit for event rates p1 in the candidate and p0 in control, in (0, 1).

    r0 = 1: I = π kl(p1, p̄) + (1−π) kl(p0, p̄), p̄ = π p1 + (1−π) p0. With a margin, the least over the null's edge
    q1 = r0 q0 of π kl(p1, q1) + (1−π) kl(p0, q0). 0 inside the margin.
    """
    level("p1", p1)
    level("p0", p0)
    level("share", share)
    positive("max_ratio", max_ratio)
    if p1 <= max_ratio * p0:
        return 0.0

    def cost(q0: float) -> float:
        return share * kl(p1, max_ratio * q0) + (1.0 - share) * kl(p0, q0)

    if max_ratio == 1.0:
        return cost(share * p1 + (1.0 - share) * p0)
    low, high = p0, min(p1 / max_ratio, 1.0 - 1e-12)
    return float(optimize.minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).fun)


def events_bound(p1: float, p0: float, alpha: float, share: float = 0.5, max_ratio: float = 1.0) -> float:
    """Least mean number of units to see that p1 is above `max_ratio` p0; inf when it is not."""
    information = event_information(p1, p0, share, max_ratio)
    return math.inf if information <= 0.0 else -math.log(level("alpha", alpha)) / information


def means_bound(sd: float, drop: float, alpha: float, share: float = 0.5, max_drop: float = 0.0) -> float:
    """N ≥ 2σ² log(1/α) / (π(1−π)Δ²), Δ the part of the drop beyond the margin; inf inside it."""
    beyond = finite("drop", drop) - at_least("max_drop", max_drop, 0.0)
    if beyond <= 0.0:
        return math.inf
    level("share", share)
    return -2.0 * positive("sd", sd) ** 2 * math.log(level("alpha", alpha)) / (share * (1.0 - share) * beyond**2)


def paired_bound(sd: float, mean: float, alpha: float) -> float:
    """Pairs: 2σ_D² log(1/α) / μ_D² for differences with this mean > 0 and standard deviation."""
    return -2.0 * positive("sd", sd) ** 2 * math.log(level("alpha", alpha)) / positive("mean", mean) ** 2


def eta(mean_units: float, bound: float) -> float:
    """η = E[N] / bound."""
    return at_least("mean_units", mean_units, 0.0) / positive("bound", bound)
