"""When requests arrive: an open loop, decided before any answer is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from serinus.sim.chance import Draws

Spacing = Literal["poisson", "even"]
Shape = Literal["flat", "day"]
SWING = 0.6


def rate_at(rate: float, shape: Shape, at_s: float, day_s: float) -> float:
    """Requests per second at a time: constant, or a day's wave from 1 − 0.6 (night) to 1 + 0.6 (noon) times `rate`."""
    if shape == "flat":
        return rate
    return rate * (1.0 - SWING * math.cos(2.0 * math.pi * at_s / day_s))


def arrivals(rate: float, spacing: Spacing, shape: Shape, day_s: float, draws: Draws) -> Iterator[float]:
    """Endless ascending times in seconds from the start.

    `poisson`: a Poisson process, by thinning one of the peak rate when the rate moves. `even`: gaps of 1 / rate.
    """
    peak = rate if shape == "flat" else rate * (1.0 + SWING)
    at_s = 0.0
    while True:
        if spacing == "even":
            yield at_s
            at_s += 1.0 / rate_at(rate, shape, at_s, day_s)
            continue
        at_s += draws.exponential(1.0 / peak)
        if shape == "flat" or draws.uniform() * peak < rate_at(rate, shape, at_s, day_s):
            yield at_s
