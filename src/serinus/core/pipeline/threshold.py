"""A threshold of a monitor: a bound, or what a baseline makes of one."""

from __future__ import annotations

from typing import Literal

import msgspec


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """Crossed when the value lies `above` or `below` factor × baseline + bound, in the metric's unit.

    `factor` 0: an absolute bound, no baseline is asked. `baseline + 20%` is a factor of 1.2; `baseline − 2 points` a
    factor of 1 and a bound of −0.02.
    """

    side: Literal["above", "below"]
    bound: float = 0.0
    factor: float = 0.0

    @property
    def relative(self) -> bool:
        """Whether it needs a baseline."""
        return self.factor != 0.0

    def at(self, baseline: float | None) -> float | None:
        """The bound itself; None when it needs a baseline and there is none."""
        if not self.relative:
            return self.bound
        return None if baseline is None else self.factor * baseline + self.bound

    def crossed(self, value: float, baseline: float | None) -> bool:
        """Whether the value lies beyond it; ValueError when the baseline that it needs is unknown."""
        bound = self.at(baseline)
        if bound is None:
            raise ValueError("a relative threshold without a baseline")
        return value > bound if self.side == "above" else value < bound

    def stricter_than(self, other: Threshold) -> bool:
        """Whether it is crossed strictly later than the other one, at any baseline above 0: a critical one than an
        alert. Thresholds of different kinds are not comparable, and pass."""
        if self.relative != other.relative or (self.relative and self.factor != other.factor and self.bound):
            return True
        mine, others = (self.factor, self.bound), (other.factor, other.bound)
        return mine >= others if self.side == "above" else mine <= others
