"""Numbers as people read them in a reason."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage without needless digits."""
    return f"{100 * share:.3g} %"


def span(seconds: float) -> str:
    """A duration in the largest unit that keeps it at 2 or more."""
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
