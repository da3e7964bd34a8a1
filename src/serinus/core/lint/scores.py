"""What a guardrail on scores (statistics 4.3) would see: users with a grade, and the drops that betting on them finds.

A user's grade counts once it has matured, so that of those enrolled at an age only the ones that are older than the
maturation have one, with the chance that any of their calls within it was graded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from serinus.core.lint import power
from serinus.core.lint.traffic import Graded, Traffic
from serinus.core.metrics import metric
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.stats.bounded import MEMORY

DESIGN_DROP = 0.05
"""Harm beyond what is tolerated that a comparison is held to, as a share of the scale: 5 points of 100."""
LARGEST_DROP = 1.0
LEAST_DROP = 0.001
_S_PER_HOUR = 3600.0
_CENTRE_NOISE = 1.0 + 0.5 / MEMORY

Enrolled = Sequence[tuple[float, float]]
"""(hours since they could enrol, share of all units that an arm's slice holds) of each step so far."""


def graded_of(traffic: Traffic, guardrail: Guardrail) -> Graded | None:
    """How good its answers are found: of a score that is better when lower what is left of its scale; None where nobody
    knows, or none is graded."""
    found = traffic.graded.get(guardrail.metric)
    if found is not None and guardrail.rises and not found.guessed:
        found = msgspec.structs.replace(found, mean=1.0 - found.mean)
    if found is None and traffic.judged > 0 and metric(guardrail.metric).name.startswith("judge."):
        found = Graded(share=traffic.judged)
    return found if found is not None and found.share > 0 else None


def units(traffic: Traffic, guardrail: Guardrail, enrolled: Enrolled) -> float:
    """Users of an arm whose grade has matured."""
    graded, awaited = graded_of(traffic, guardrail), guardrail.awaited_s / _S_PER_HOUR
    if graded is None:
        return 0.0
    chance = traffic.unit_rate(graded.share, awaited)
    return chance * math.fsum(own * traffic.units(age - awaited) for age, own in enrolled if age > awaited)


def seen(traffic: Traffic, guardrail: Guardrail, slices: Sequence[Enrolled], drop: float, log_bar: float) -> float:
    """The chance that a drop of the mean stands above the bar at any one of these times."""
    graded = graded_of(traffic, guardrail)
    if graded is None:
        return 0.0
    gain, worst = drop - guardrail.drop, _worst(graded, drop) + guardrail.drop
    return max(
        power.bet(2 * units(traffic, guardrail, enrolled), gain, _spread(graded), worst, log_bar) for enrolled in slices
    )


def shown(traffic: Traffic, guardrail: Guardrail, enrolled: Enrolled, log_bar: float) -> float:
    """The chance that a candidate as good as the control is shown then to be inside `max_drop`."""
    graded = graded_of(traffic, guardrail)
    if graded is None:
        return 0.0
    known = 2 * units(traffic, guardrail, enrolled)
    return power.bet(known, guardrail.drop, _spread(graded), _worst(graded, 0.0) - guardrail.drop, log_bar)


def _spread(graded: Graded) -> float:
    """Of the gains 2s(y − c), whose arm is a coin."""
    return 2.0 * graded.sd * math.sqrt(_CENTRE_NOISE)


def _worst(graded: Graded, drop: float) -> float:
    """2 max(c, 1 − c), c the mean of both arms."""
    centre = graded.mean - drop / 2
    return 2.0 * max(centre, 1.0 - centre)
