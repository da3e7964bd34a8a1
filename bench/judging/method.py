"""What a method is here: a strength of evidence against the candidate at every look, and the bar that it must reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.judging.sample import Array, Sample

Strength = Callable[[Sequence[Sample], float], Array]
"""(metrics, α) → strength of (release, look); −inf where the method does not look."""


@dataclass(frozen=True, slots=True)
class Method:
    """`bar(α)` is the method's own; a tuned method's comes from healthy releases instead. `without_data` says what it
    does when an arm is empty, and when one metric has no values, as its documentation has it."""

    name: str
    strength: Strength
    bar: Callable[[float], float]
    source: str
    without_data: tuple[str, str]
    tuned: bool = False


def any_metric(one: Callable[[Sample, float], Array]) -> Strength:
    """The strongest metric speaks."""
    return lambda samples, alpha: np.max([one(sample, alpha) for sample in samples], axis=0)


def running_rank(values: Array, rank: int) -> Array:
    """The rank-th greatest value of each row so far (1: the greatest); −inf before there are so many."""
    best = np.full((values.shape[0], rank), -np.inf)
    found = np.empty_like(values)
    for look in range(values.shape[1]):
        joined = np.concatenate([best, np.nan_to_num(values[:, [look]], nan=-np.inf)], axis=1)
        best = -np.sort(-joined, axis=1)[:, :rank]
        found[:, look] = best[:, rank - 1]
    return found


def quotient(numerator: Array, denominator: Array) -> Array:
    """Their quotient; −inf where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full_like(numerator, -np.inf), where=denominator > 0)
