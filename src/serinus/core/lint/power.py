"""What the sequential test of first bad events would have seen by then: exact lower bounds, from expected counts.

The events of both arms together are taken as Poisson, each the candidate's with its share of what is expected. A test
that may stop at any time has stopped by then at least as often as it stands above its bar then.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from serinus.core.stats import binomial, events
from serinus.core.stats.beta import Floats

POINTS = 33


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
