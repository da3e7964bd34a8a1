"""The tests of `events` and `allocation` for one pair of counts, as a tick asks them: on plain floats, remembered.

An array of one costs some fifty times its arithmetic, and counts mostly stand still from one second to the next. Same
equations as `events` and `beta`, and the deep tail is theirs; the two agree to 1e-9 at counts up to 1e8.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import special

from serinus.core.stats import events
from serinus.core.stats.allocation import CONCENTRATION
from serinus.core.stats.beta import log_weight_above

KEPT = 16_384
"""Values that are remembered of each kind, some 4 MB: those of a few rounds of a hundred releases."""
_HALF_LOG_2PI = 0.9189385332046727
_TINY = 1e-280


@lru_cache(maxsize=KEPT)
def harm(candidate: int, control: int, margin: events.Margin, prior_events: float = events.PRIOR_EVENTS) -> float:
    """log E against H0: r ≤ r0 (`events.harm`)."""
    if not 0 < margin.max_ratio < margin.design_ratio:
        raise ValueError(f"design ratio {margin.design_ratio} must be above the tolerated {margin.max_ratio}")
    return _above(candidate, control, margin, prior_events)


@lru_cache(maxsize=KEPT)
def no_harm(candidate: int, control: int, max_ratio: float) -> float:
    """log E against H0: r ≥ r0 (`events.no_harm`)."""
    if max_ratio <= 1:
        raise ValueError(f"nothing can be shown inside a margin of {max_ratio}; it must be above 1")
    return _above(control, candidate, events.Margin(1 / max_ratio, 1.0))


@lru_cache(maxsize=KEPT)
def mismatch(candidate: int, control: int) -> float:
    """log E against H0: a unit comes to either arm with chance ½ (`allocation.mismatch` of one stratum)."""
    if candidate < 0 or control < 0:
        raise ValueError("counts of units are not below 0")
    half = CONCENTRATION / 2
    return _weight(half + candidate, half + control, 0.5) - _weight(half, half, 0.5)


def _above(seen: int, others: int, margin: events.Margin, prior_events: float = events.PRIOR_EVENTS) -> float:
    if seen < 0 or others < 0:
        raise ValueError("counts of events are not below 0")
    theta = events.candidate_chance(margin.max_ratio)
    design = events.candidate_chance(margin.design_ratio)
    a, b = prior_events * design, prior_events * (1 - design)
    return _weight_above(a + seen, b + others, theta) - _prior(margin, prior_events)


@lru_cache(maxsize=1024)
def _prior(margin: events.Margin, prior_events: float) -> float:
    theta = events.candidate_chance(margin.max_ratio)
    design = events.candidate_chance(margin.design_ratio)
    return _weight_above(prior_events * design, prior_events * (1 - design), theta)


def _weight_above(a: float, b: float, theta: float) -> float:
    """W(a, b; θ) + log(1 − I_θ(a, b)), as `beta.log_weight_above`."""
    upper = float(special.betaincc(a, b, theta))
    if upper < _TINY:
        return float(log_weight_above(np.asarray([a]), np.asarray([b]), theta)[0])
    log_tail = math.log(upper) if upper < 0.5 else math.log1p(-float(special.betainc(a, b, theta)))
    return _weight(a, b, theta) + log_tail


def _weight(a: float, b: float, theta: float) -> float:
    """W(a, b; θ), as `beta.log_weight`."""
    n = a + b
    off = a * (1.0 - theta) - b * theta
    return (
        _HALF_LOG_2PI
        + (a - 0.5) * math.log1p(off / (n * theta))
        + (b - 0.5) * math.log1p(-off / (n * (1.0 - theta)))
        - 0.5 * (math.log(n) + math.log(theta) + math.log1p(-theta))
        + _stirling(a)
        + _stirling(b)
        - _stirling(n)
    )


def _stirling(x: float) -> float:
    """log Γ(x) − [(x − ½) log x − x + ½ log 2π], DLMF 5.11.1."""
    if x < 16.0:
        return math.lgamma(x) - ((x - 0.5) * math.log(x) - x + _HALF_LOG_2PI)
    y = 1.0 / x
    z = y * y
    return y * (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188 - z * 691 / 360360)))))
