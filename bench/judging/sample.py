"""What methods are given: one metric of many simulated releases at once, look by look.

Arrays have one row per release and one column per look. Every metric is turned so that more is worse: a score y is
1 − y. Sums run on from look to look.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LOOKS = 60
"""A look is a minute. Three steps of twenty: 5, 25 and 50 % of users."""
STARTS = (0, 20, 40)
SHARES = (0.05, 0.25, 0.5)
ARM_UNITS = (30, 150, 300)
"""Users who come in a minute, per arm and step: 9,600 per arm until the horizon."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Units or requests of an arm so far, and the sums of their values and squares."""

    units: Array
    total: Array
    squares: Array

    @property
    def mean(self) -> Array:
        """The mean so far; 0 before the first unit."""
        return np.divide(self.total, self.units, out=np.zeros_like(self.total), where=self.units > 0)

    @property
    def variance(self) -> Array:
        """The variance of a unit so far; 0 with fewer than two."""
        spread = self.squares - self.units * self.mean**2
        return np.divide(spread, self.units - 1, out=np.zeros_like(spread), where=self.units > 1).clip(min=0.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric. `candidate` and `control` are units of equal slices, each counted once (first events).

    `served` and `rest` are requests of the candidate and of everybody on the old version, as tools without a control
    count them. `minute1`, `minute0` are a monitoring system's value of each minute (rate, mean or p95) in candidate
    and equal baseline. `history` is the metric's value before the release, `kind` what it is.
    `exposed` are users whom the candidate has served, `bad` its bad answers, whether or not a label has told so yet.
    `counts` are pairs (candidate, control) of first events: at no margin, and at the default one. `capital` are log
    capitals of each bet since each restart (restart, release, look, bet) at these margins, of scores only; `renewed`
    likewise what bets have won that began anew on the way (release, look, bet), and the weight of those to come.
    """

    kind: str
    candidate: Sums
    control: Sums
    served: Sums
    rest: Sums
    minute1: Array
    minute0: Array
    history: float
    exposed: Array
    bad: Array
    counts: tuple[tuple[Array, Array], tuple[Array, Array]] | None = None
    capital: tuple[Array, Array] | None = None
    renewed: tuple[tuple[Array, Array], tuple[Array, Array]] | None = None


def events(units: Array, total: Array) -> Sums:
    """Sums of values that are 0 or 1."""
    whole = np.broadcast_to(units, total.shape).astype(float)
    return Sums(whole, total.astype(float), total.astype(float))


def steps(values: tuple[float, float, float]) -> Array:
    """A value for each look from one for each step."""
    return np.repeat(np.asarray(values, float), LOOKS // 3)
