"""What the sequential tests would have seen by then, from expected counts.

Of first bad events it is an exact lower bound: the events of both arms together are taken as Poisson, each the
candidate's with its share of what is expected, and a test that may stop at any time has stopped by then at least as
often as it stands above its bar then. Of bets on scores the gains are taken as normal, and of a bet's log the first two
terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from serinus.core.stats import binomial, events
from serinus.core.stats.beta import Floats
from serinus.core.stats.betting import BETS, LOG_WEIGHTS

POINTS = 33
_BETS, _LOG_WEIGHTS = np.array(BETS), np.array(LOG_WEIGHTS)
_Z = np.linspace(-8.0, 8.0, 321)


def seen(candidate: float, control: float, margin: events.Margin, log_bar: float) -> float:
    """Least chance that harm was seen by then. `candidate` and `control` are the expected units with the event in each
    arm, `log_bar` the log E that is needed."""

    def over(more: Floats, fewer: Floats) -> Floats:
        return events.harm(more, fewer, margin)

    return _chance(candidate, control, over, log_bar)


def shown(candidate: float, control: float, max_ratio: float, log_bar: float) -> float:
    """Least chance that the candidate was shown by then to be inside `max_ratio`, from expected units likewise."""

    def over(more: Floats, fewer: Floats) -> Floats:
        return events.no_harm(fewer, more, max_ratio)

    return _chance(control, candidate, over, log_bar)


def bet(units: float, gain: float, spread: float, worst: float, log_bar: float) -> float:
    """The chance that betting on this many gains stands above the bar: their mean, their standard deviation, and the
    worst loss of each."""
    if units < 1:
        return 0.0
    total = units * gain + math.sqrt(units) * spread * _Z
    squares = units * (spread * spread + gain * gain)
    staked = _BETS / worst
    logs = _LOG_WEIGHTS + np.outer(total, staked) - 0.5 * squares * staked * staked
    reached = special.logsumexp(logs, axis=1) >= log_bar
    if not reached[-1]:
        return 0.0
    return float(special.ndtr(-_Z[int(np.argmax(reached))]))


def least(holds: Callable[[float], bool], low: float, high: float, precision: float = 0.01) -> float:
    """The least x in (low, high] from which on `holds`, to a relative precision; inf when it does not hold at `high`.
    Both ends are above 0."""
    if not holds(high):
        return math.inf
    while high > low * (1 + precision):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _chance(more: float, fewer: float, over: Callable[[Floats, Floats], Floats], log_bar: float) -> float:
    """P(over ≥ log_bar): the count of all events at the middles of `POINTS` equal slices of its distribution."""
    if more <= 0:
        return 0.0
    totals = np.asarray(binomial.poisson_quantile((np.arange(POINTS) + 0.5) / POINTS, more + fewer))
    enough = _enough(totals, over, log_bar)
    return float(np.mean(binomial.tail(enough, totals, more / (more + fewer))))


def _enough(totals: Floats, over: Callable[[Floats, Floats], Floats], log_bar: float) -> Floats:
    """For each total the fewest events on the first side that reach the bar; one more than there are if none do."""
    low, high = np.full_like(totals, -1.0), totals + 1  # the bar is not reached at low, and reached at high
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        inside = np.clip(middle, 0, totals)
        reached = (middle > totals) | (over(inside, totals - inside) >= log_bar)
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.asarray(high)
