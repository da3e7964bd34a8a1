"""How many units each step adds, as far as a plan tells: for forecasts and rehearsals, not for routing."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.pipeline.population import Population, slice_of_step
from serinus.core.pipeline.step import Step


def fresh_share(steps: Sequence[Step], index: int) -> float:
    """The part of all units that a step below 100 % adds to each arm: in its population, less what earlier steps
    enrolled there. Populations are taken as apart from each other; one of unknown size as the whole traffic."""
    step, before = steps[index], steps[:index]
    own = slice_of_step(step.share, step.population)
    of_all = _widest(before, None)
    if step.population is not None:
        return max(0.0, own - max(of_all, _widest(before, step.population))) * _size(step.population)
    added = own - of_all
    for i, earlier in enumerate(before):
        meant = earlier.population
        if meant is not None and all(other.population is None or _differ(other, earlier) for other in before[:i]):
            held = max(of_all, _widest(before, meant))
            added -= _size(meant) * (own - of_all - max(0.0, own - held))
    return max(0.0, added)


def _widest(steps: Sequence[Step], meant: Population | None) -> float:
    """The largest slice that steps gave to exactly these."""
    wanted = meant.when if meant is not None else None
    same = (s for s in steps if (s.population.when if s.population is not None else None) == wanted)
    return max((slice_of_step(s.share, s.population) for s in same), default=0.0)


def _differ(one: Step, other: Step) -> bool:
    assert one.population is not None
    assert other.population is not None
    return one.population.when != other.population.when


def _size(population: Population) -> float:
    return population.size or 1.0
