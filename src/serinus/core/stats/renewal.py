"""Evidence renewed every so many events, for harm that begins at any time (statistics 5).

    E = v_w E^(whole) + Σ_s v_s E^(restarted at step s) + Σ_j v_j E^(restarted at the j-th renewal)

The weights are fixed by the plan: `whole`, `steps` shared by the later steps, and `renewed` over slots of EVERY first
events of both arms together, v_j ∝ 1 / max(1, j/LEVEL)³. A slot's renewal begins at the first look after its
beginning; of several that began since the last look the weights are one renewal's. That depends on the past alone, so
each E^(j) is an e-process from there on and 1 before, and their weighted mean is one: P(E ever ≥ 1/α) ≤ α. Of the
renewals only those KEPT are followed that weigh most; to let one go makes E smaller, never larger.
The first 36 slots, 900 events, weigh the same; later harm is noticed a little later, never not at all. Restarts at
steps alone see harm between steps late, as the healthy events since the last step hide it.
The whole has to find harm of any size, so that its prior is wide (statistics 4.1: worth 10 events); renewals are there
for what the plan calls harm, and are surer of its size: log E of n events costs about ½ log(1 + n/k), less for a larger
k. How much the whole may weigh depends on the bar: the lower it is, the more the weight of the renewals counts in late
harm (`of_level`).
Source: Shin, Ramdas & Rinaldo 2024, e-detectors, for sums over restarts; there the weights are 1 and alarms are counted
by time, here they sum to 1 and α is for the whole release.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from scipy import special

from serinus.core.stats import single
from serinus.core.stats.domain import count, level
from serinus.core.stats.events import PRIOR_EVENTS, Margin

EVERY = 25
"""First events of both arms in a slot: about a quarter of what harm of 2× needs."""
LEVEL = 36
KEPT = 8
SURER_EVENTS = 60.0
"""k of a renewal's prior."""
STEPS = 0.08
WHOLE_AT = ((0.05, 0.31), (0.01, 0.44))
"""What the whole weighs at these levels; between them by the logarithm, beyond them as at the nearer one."""
_TINY = 1e-300
_TOTAL = LEVEL + LEVEL**3 * float(special.zeta(3.0, LEVEL + 1))

Start = tuple[int, int, int]
"""First events in candidate and control when it began, and the slot up to which weight had been spent by then."""


class Scheme(NamedTuple):
    """How the weight of a guardrail's evidence is spread, and how many events the prior of its renewals is worth."""

    whole: float
    steps: float
    renewed: float
    prior_events: float = PRIOR_EVENTS


AT_ANY_LEVEL = Scheme(0.40, 0.12, 0.48)
"""The scheme of statistics 2."""


@lru_cache(maxsize=256)
def of_level(alpha: float) -> Scheme:
    """The scheme of statistics 3, of a guardrail whose evidence acts alone at 1/`alpha`: α of the release times the
    guardrail's share of the weights."""
    (loose, least), (strict, most) = WHOLE_AT
    part = math.log(loose / level("alpha", alpha)) / math.log(loose / strict)
    whole = round(least + (most - least) * min(1.0, max(0.0, part)), 6)
    return Scheme(whole, STEPS, 1.0 - whole - STEPS, SURER_EVENTS)


def step_weights(scheme: Scheme, steps: int) -> tuple[float, ...]:
    """The weights of the whole and of each later one of `steps` compared steps; what is left is the renewals'."""
    if count("steps", steps) == 0:
        raise ValueError("a release compares at least one step")
    if steps == 1:
        return (scheme.whole + scheme.steps,)
    return (scheme.whole, *([scheme.steps / (steps - 1)] * (steps - 1)))


def spent(slot: int) -> float:
    """The part, in [0, 1), of the renewals' weight that those of slots 1 to `slot` have; slot 0 is the start of the
    release and has none."""
    return falling(slot, LEVEL, _TOTAL)


@lru_cache(maxsize=4096)
def falling(slot: int, even: int, total: float) -> float:
    """Σ_{j ≤ slot} 1/max(1, j/even)³ / total, `total` being the sum over all j."""
    if count("slot", slot) <= even:
        return slot / total
    return (even + even**3 * float(special.zeta(3.0, even + 1) - special.zeta(3.0, slot + 1))) / total


def slot_of(candidate: int, control: int) -> int:
    """The slot that so many first events lie in."""
    return (candidate + control) // EVERY


def weight(scheme: Scheme, start: Start) -> float:
    """What one renewal weighs: its slot's share, and those of the slots that began since the one before."""
    return scheme.renewed * (spent(slot_of(start[0], start[1])) - spent(start[2]))


def to_come(scheme: Scheme, starts: Sequence[Start]) -> float:
    """The weight of all renewals that have not begun."""
    return scheme.renewed * (1.0 - (spent(slot_of(starts[-1][0], starts[-1][1])) if starts else 0.0))


def renewed(
    starts: tuple[Start, ...], candidate: int, control: int, margin: Margin, scheme: Scheme
) -> tuple[Start, ...]:
    """The renewals to follow from now on, at these first events, oldest first; the same while no slot has begun."""
    slot, last = slot_of(candidate, control), slot_of(*starts[-1][:2]) if starts else 0
    if slot <= last:
        return starts
    if len(starts) >= KEPT:
        prior = scheme.prior_events
        weighed = [
            math.log(max(weight(scheme, s), _TINY)) + log_e(s, candidate, control, margin, prior) for s in starts
        ]
        least = weighed.index(min(weighed))
        starts = (*starts[:least], *starts[least + 1 :])
    return (*starts, (candidate, control, last))


def log_e(start: Start, candidate: int, control: int, margin: Margin, prior_events: float = PRIOR_EVENTS) -> float:
    """log E of one renewal at these first events; one that lies ahead, as after counters fell, has seen none."""
    return single.harm(max(0, candidate - start[0]), max(0, control - start[1]), margin, prior_events)
