"""Evidence renewed every so many events, for harm that begins at any time (statistics 5).

    E = Σ_j v_j E^(restarted at the j-th renewal),   v_0 = 1/3,   v_j ∝ 1 / max(1, j/64)³ for j ≥ 1,   Σ_j v_j = 1

A renewal is due when a metric has EVERY first events, of both arms together, since the last one. It depends on the past
alone, so each E^(j) is an e-process from there on and 1 before, and their weighted mean is one: P(E ever ≥ 1/α) ≤ α.
The first 64 renewals, 1,600 events, weigh the same; later harm is noticed a little later, never not at all.
Restarts at steps alone see harm between steps late, as the healthy events since the last step hide it.
Source: Shin, Ramdas & Rinaldo 2024, e-detectors, for sums over restarts; there the weights are 1 and alarms are counted
by time, here they sum to 1 and α is for the whole release.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from serinus.core.errors import InvalidInput
from serinus.core.stats import events
from serinus.core.stats.domain import count

EVERY = 25
"""First events of both arms between renewals: about a quarter of what harm of 2× needs."""
FIRST = 1.0 / 3.0
LEVEL = 64
_TOTAL = LEVEL + LEVEL**3 * float(special.zeta(3.0, LEVEL + 1))

Position = tuple[int, int]
"""First events in candidate and control."""


def weight(renewal: int) -> float:
    """v_j; 0 is the start of the release."""
    if count("renewal", renewal) == 0:
        return FIRST
    return (1.0 - FIRST) / _TOTAL / max(1.0, renewal / LEVEL) ** 3


def due(last: Position, now: Position) -> bool:
    """Whether a renewal begins at `now`, the last one having begun at `last`."""
    return sum(now) - sum(last) >= EVERY


def log_e(starts: Sequence[Position], now: Position, margin: events.Margin) -> float:
    """log E from where each renewal began, in order, the first at the release's start. Those to come have E = 1.

    InvalidInput without a start, or for counters that go backwards.
    """
    if not starts:
        raise InvalidInput("no renewal", where="starts", mend="the first is (0, 0), where the release began")
    if any(b < a for one, two in zip(starts, [*starts[1:], now], strict=True) for a, b in zip(one, two, strict=True)):
        raise InvalidInput("counters that go backwards", where="starts", mend="give positions in the order of time")
    parts = [float(events.harm(now[0] - s1, now[1] - s0, margin)) for s1, s0 in starts]
    weights = [weight(j) for j in range(len(parts))]
    to_come = max(0.0, 1.0 - math.fsum(weights))
    top = max(0.0, *parts)
    whole = math.fsum(v * math.exp(part - top) for v, part in zip(weights, parts, strict=True))
    return top + math.log(whole + to_come * math.exp(-top))
