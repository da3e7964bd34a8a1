"""What a guardrail on cost or tokens per call (statistics 4.2) would see: how exactly the arms' ratio is known by then.

Of n_s users of each arm in step s, of whom one's sums vary by v_s (`unit_variance`), log R1 − log R0 is normal with

    1/SE² = I = Σ_s n_s / (2 v_s)

Steps with fewer users than `ratio.Guards` asks for wait outside, and no step's variance is below that of all together,
as when it is judged. What is seen at that I is what `core.stats.estimate` says of it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from scipy import optimize, special

from serinus.core.lint.traffic import Traffic
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.stats import estimate
from serinus.core.stats.estimate import Effect
from serinus.core.stats.ratio import DEFAULT

USUAL_VARIATION = 1.0
"""Standard deviation of a call's cost or tokens as a share of the mean, where nobody knows it: as of a log-normal whose
95th percentile is 2.8 times its mean."""
LEAST_RATIO = 1.001
_WIDEST = 40.0

Enrolled = Sequence[tuple[float, float]]
"""(hours since they could enrol, units per arm) of each step so far."""


def assumed(traffic: Traffic, guardrail: Guardrail) -> bool:
    """Whether nobody knows how its values vary."""
    return guardrail.metric not in traffic.spreads and guardrail.metric not in traffic.variation


def unit_variance(traffic: Traffic, guardrail: Guardrail, hours: float) -> float:
    """Var(x − R y) / E(x)² of one user's sums within such a window, x being what the y calls came to and R the ratio of
    all: SE² of an arm's log ratio times its users.

    Known of windows, and between them a power of time; else from the variation of calls, taking all calls of a user as
    alike and how many there are as geometric: (2 − 1/y) times its square.
    """
    known = traffic.spreads.get(guardrail.metric)
    if not known:
        variation = traffic.variation.get(guardrail.metric, USUAL_VARIATION)
        return variation**2 * (2.0 - 1.0 / traffic.calls_per_unit(hours))
    if hours <= known[0][0]:
        return known[0][1]
    for (t0, v0), (t1, v1) in itertools.pairwise(known):
        if hours <= t1:
            return float(v0 * (v1 / v0) ** (math.log(hours / t0) / math.log(t1 / t0)))
    return known[-1][1]


def error(traffic: Traffic, guardrail: Guardrail, enrolled: Enrolled) -> float:
    """SE of the log of the arms' ratio; inf while there are too few users to judge it."""
    kept = [
        (units, unit_variance(traffic, guardrail, hours))
        for hours, units in enrolled
        if units >= DEFAULT.min_stratum_units
    ]
    whole = math.fsum(units for units, _ in kept)
    if whole < DEFAULT.min_units:
        return math.inf
    least = DEFAULT.variance_floor * math.fsum(units * variance for units, variance in kept) / whole
    information = math.fsum(units / (2.0 * max(variance, least)) for units, variance in kept)
    return math.inf if information <= 0 else 1.0 / math.sqrt(information)


def seen(se: float, guardrail: Guardrail, ratio: float, log_bar: float) -> float:
    """The chance that `ratio` times the control's stands above the bar at such an error."""
    tau, margin = _tau(guardrail), math.log(guardrail.max_ratio)

    def over(effect: float) -> float:
        return estimate.harm(Effect(value=effect, variance=se * se), tau, margin).log_e - log_bar

    return _chance(se, over, margin, math.log(ratio))


def shown(se: float, guardrail: Guardrail, log_bar: float) -> float:
    """The chance that a candidate as good as the control is shown to be inside `max_ratio`."""
    tau, margin = _tau(guardrail), math.log(guardrail.max_ratio)

    def over(effect: float) -> float:
        return estimate.no_harm(Effect(value=-effect, variance=se * se), tau, margin).log_e - log_bar

    return _chance(se, over, -margin, 0.0)


def _tau(guardrail: Guardrail) -> float:
    """As `core.decision.ratios.tau`."""
    return math.log(guardrail.design_ratio / guardrail.max_ratio)


def _chance(se: float, over: Callable[[float], float], low: float, effect: float) -> float:
    """P(over ≥ 0) for an estimate around `effect`; `over` grows, and is below 0 at `low`."""
    if not math.isfinite(se) or se <= 0:
        return 0.0
    high = low + _WIDEST * se + _WIDEST
    if over(high) < 0:
        return 0.0
    least = float(optimize.brentq(over, low, high, xtol=1e-6)) if over(low) < 0 else low
    return float(special.ndtr((effect - least) / se))
