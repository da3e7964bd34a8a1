"""The domains of what statistics take in: a value outside its own is refused with its name, never bent to fit."""

from __future__ import annotations

import math

from serinus.core.errors import InvalidInput


def level(name: str, value: float) -> float:
    """A probability strictly inside (0, 1)."""
    if not 0.0 < value < 1.0:
        raise InvalidInput(f"{value} is not strictly between 0 and 1", where=name, mend="0.01 and 0.05 are usual")
    return value


def finite(name: str, value: float) -> float:
    """A number that is neither NaN nor infinite."""
    if not math.isfinite(value):
        raise InvalidInput(f"{value} is not a number to judge by", where=name, mend="leave the value out: no data")
    return value


def positive(name: str, value: float) -> float:
    """A finite number above 0."""
    if not finite(name, value) > 0:
        raise InvalidInput(f"{value} is not above 0", where=name, mend="give a number above 0")
    return value


def at_least(name: str, value: float, least: float) -> float:
    """A finite number of `least` or more."""
    if not finite(name, value) >= least:
        raise InvalidInput(f"{value} is below {least}", where=name, mend=f"give {least} or more")
    return value


def design_ratio(tolerated: float, design: float) -> float:
    """A design ratio above the tolerated one, which is above 0: the harm for which a test is quickest."""
    if not 0.0 < positive("max_ratio", tolerated) < positive("design_ratio", design):
        raise InvalidInput(
            f"design ratio {design} is not above the tolerated {tolerated}", where="design_ratio", mend="2.0 is usual"
        )
    return design


def count(name: str, value: int) -> int:
    """A whole number of 0 or more: counters never go below."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidInput(f"{value!r} is not a count", where=name, mend="give a whole number of 0 or more")
    return value
