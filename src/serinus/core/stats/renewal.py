"""Evidence renewed every so many events, for harm that begins at any time (statistics 5).

    E = v_w E^(whole) + Σ_s v_s E^(restarted at step s) + Σ_j v_j E^(restarted at the j-th renewal)

The weights are fixed: WHOLE, STEPS shared by the later steps, and RENEWED over slots of EVERY first events of both arms
together, v_j ∝ 1 / max(1, j/LEVEL)³. A slot's renewal begins at the first look after its beginning; of several that
began since the last look the weights are one renewal's. That depends on the past alone, so each E^(j) is an e-process
from there on and 1 before, and their weighted mean is one: P(E ever ≥ 1/α) ≤ α. Of the renewals only those KEPT are
followed that weigh most; to let one go makes E smaller, never larger.
The first 36 slots, 900 events, weigh the same; later harm is noticed a little later, never not at all. Restarts at
steps alone see harm between steps late, as the healthy events since the last step hide it.
Source: Shin, Ramdas & Rinaldo 2024, e-detectors, for sums over restarts; there the weights are 1 and alarms are counted
by time, here they sum to 1 and α is for the whole release.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from scipy import special

from serinus.core.stats import single
from serinus.core.stats.domain import count
from serinus.core.stats.events import Margin

WHOLE, STEPS, RENEWED = 0.40, 0.12, 0.48
EVERY = 25
"""First events of both arms in a slot: about a quarter of what harm of 2× needs."""
LEVEL = 36
KEPT = 8
_TINY = 1e-300
_TOTAL = LEVEL + LEVEL**3 * float(special.zeta(3.0, LEVEL + 1))

Start = tuple[int, int, int]
"""First events in candidate and control when it began, and the slot up to which weight had been spent by then."""


def step_weights(steps: int) -> tuple[float, ...]:
    """The weights of the whole and of each later one of `steps` compared steps; what is left is the renewals'."""
    if count("steps", steps) == 0:
        raise ValueError("a release compares at least one step")
    if steps == 1:
        return (WHOLE + STEPS,)
    return (WHOLE, *([STEPS / (steps - 1)] * (steps - 1)))


@lru_cache(maxsize=4096)
def spent(slot: int) -> float:
    """Σ v_j over the renewals of slots 1 to `slot`; slot 0 is the start of the release and has none."""
    if count("slot", slot) <= LEVEL:
        return RENEWED * slot / _TOTAL
    tail = float(special.zeta(3.0, LEVEL + 1) - special.zeta(3.0, slot + 1))
    return RENEWED * (LEVEL + LEVEL**3 * tail) / _TOTAL


def slot_of(candidate: int, control: int) -> int:
    """The slot that so many first events lie in."""
    return (candidate + control) // EVERY


def weight(start: Start) -> float:
    """What one renewal weighs: its slot's share, and those of the slots that began since the one before."""
    return spent(slot_of(start[0], start[1])) - spent(start[2])


def to_come(starts: Sequence[Start]) -> float:
    """The weight of all renewals that have not begun."""
    return RENEWED - (spent(slot_of(starts[-1][0], starts[-1][1])) if starts else 0.0)


def renewed(starts: tuple[Start, ...], candidate: int, control: int, margin: Margin) -> tuple[Start, ...]:
    """The renewals to follow from now on, at these first events, oldest first; the same while no slot has begun."""
    slot, last = slot_of(candidate, control), slot_of(*starts[-1][:2]) if starts else 0
    if slot <= last:
        return starts
    if len(starts) >= KEPT:
        weighed = [math.log(max(weight(s), _TINY)) + log_e(s, candidate, control, margin) for s in starts]
        least = weighed.index(min(weighed))
        starts = (*starts[:least], *starts[least + 1 :])
    return (*starts, (candidate, control, last))


def log_e(start: Start, candidate: int, control: int, margin: Margin) -> float:
    """log E of one renewal at these first events; one that lies ahead, as after counters fell, has seen none."""
    return single.harm(max(0, candidate - start[0]), max(0, control - start[1]), margin)
