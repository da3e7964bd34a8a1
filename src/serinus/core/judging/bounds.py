"""Numbers of suites and live judges that have a least and a most."""

from __future__ import annotations

from collections.abc import Iterable

from serinus.core.errors import InvalidInput

Bound = tuple[str, float, float, float]
"""Name, value, least and most."""


def check_bounds(bounds: Iterable[Bound], at: str = "") -> None:
    """InvalidInput at the first value that is not from its least to its most, NaN included. `at`: what the names are
    fields of."""
    for name, value, least, most in bounds:
        if not least <= value <= most:
            raise InvalidInput(
                f"{value:g} is not from {least:g} to {most:g}",
                where=f"{at}.{name}" if at else name,
                mend="leave it out",
            )
