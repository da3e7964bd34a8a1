"""Scores corrected by human labels (statistics 4.9): a judge's error taken out, on average, in both arms alike.

A person labels each unit with a known chance p, the same in both arms, by unit hash. With judge score f, label Y and
ξ = 1 when labelled,

    φ = f + (ξ/p)(Y − f)

has the mean of Y whatever the judge gets wrong, and little more variance than f when the judge is good. φ goes into
test 4.2 as one value per unit. Source: Robins, Rotnitzky & Zhao 1994; Angelopoulos et al. 2023.
Without labels nothing is corrected: the margin is widened by what the judge's error may differ between the arms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import special

from serinus.core.errors import InvalidInput
from serinus.core.stats.betting import SCALE
from serinus.core.stats.domain import at_least, finite, level
from serinus.core.stats.unit_sums import Moments, of_units


class Labelled(msgspec.Struct, frozen=True, array_like=True):
    """One unit's judge score in millionths, and the person's if this unit was sampled for one."""

    judge: int
    human: int | None = None

    def __post_init__(self) -> None:
        """Refuse scores outside [0, 1]."""
        for name, value in (("judge", self.judge), ("human", self.human)):
            if value is not None and not 0 <= value <= SCALE:
                raise InvalidInput(f"{value} is not 0 to {SCALE}", where=name, mend="scale scores to [0, 1]")


def corrected(unit: Labelled, chance: float) -> int:
    """φ in millionths, to the nearest; `chance` p in (0, 1] is known from the plan, not counted from the labels."""
    _check(chance)
    if unit.human is None:
        return unit.judge
    return unit.judge + round((unit.human - unit.judge) / chance)


def corrected_moments(units: Sequence[Labelled], chance: float) -> Moments:
    """The sums of φ over these units of one arm and stratum, for `ratio.increase`."""
    return of_units([corrected(unit, chance) for unit in units], x_scale=SCALE, y_scale=1)


def widened(margin: float, judge_bias: float) -> float:
    """The margin on the judge's score that holds `margin` on the truth, if its bias differs by at most `judge_bias`.

    For rollback: harm is then only claimed beyond what the judge's own error can explain.
    """
    return finite("margin", margin) + at_least("judge_bias", judge_bias, 0.0)


def offline_interval(labelled: Sequence[Labelled], judged: Sequence[int], alpha: float) -> tuple[float, float]:
    """Prediction-powered interval of the mean of Y at 1 − α, in [0, 1] units: fixed sample, for offline reports only.

    mean(f over judged) + mean(Y − f over labelled) ± z_{1−α/2} √(var(f)/N + var(Y − f)/n); the sets are disjoint.
    Source: Angelopoulos et al. 2023, mean estimation. InvalidInput with fewer than two of either, or no human label.
    """
    errors = [unit.human - unit.judge for unit in labelled if unit.human is not None]
    if len(errors) < 2 or len(judged) < 2:
        raise InvalidInput(
            f"{len(errors)} labelled and {len(judged)} judged", where="labels", mend="give at least two of each"
        )
    f, rest = np.asarray(judged, float) / SCALE, np.asarray(errors, float) / SCALE
    half = -float(special.ndtri(level("alpha", alpha) / 2)) * math.sqrt(
        float(f.var(ddof=1)) / f.size + float(rest.var(ddof=1)) / rest.size
    )
    middle = float(f.mean() + rest.mean())
    return middle - half, middle + half


def _check(chance: float) -> None:
    if not 0.0 < chance <= 1.0:
        raise InvalidInput(f"{chance} is not in (0, 1]", where="labels.chance", mend="0.1 labels one unit in ten")
