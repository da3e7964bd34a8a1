"""What a monitor may watch by name: every metric of the registry, and what only rollups tell of an arm as a whole."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY

TRAFFIC = "traffic.calls_per_s"
JUDGING_LAG = "judging.lag"


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """A number of an arm over a window: `direction` says which way is better, `title` is for people."""

    name: str
    title: str
    unit: str
    direction: Literal["lower", "higher"]
    description: str


GAUGES: dict[str, Gauge] = {
    **{
        one.name: Gauge(
            name=one.name, title=one.title, unit=one.unit, direction=one.direction, description=one.description
        )
        for one in REGISTRY.values()
    },
    TRAFFIC: Gauge(
        name=TRAFFIC,
        title="throughput",
        unit="calls/s",
        direction="higher",
        description="answered calls per second over the window",
    ),
    JUDGING_LAG: Gauge(
        name=JUDGING_LAG,
        title="lag of live judges",
        unit="ms",
        direction="lower",
        description="how long the oldest call has waited for a live judge of the app",
    ),
}


def gauge(name: str) -> Gauge:
    """The gauge of this name; InvalidInput with the known names when there is none."""
    found = GAUGES.get(name)
    if found is None:
        raise InvalidInput(f"unknown metric {name!r}", where="metric", mend=f"known: {', '.join(sorted(GAUGES))}")
    return found
