"""How finely a rehearsal looks: time is divided into beats of a length that the plan asks for."""

from __future__ import annotations

import math
import sys

from serinus.core.pipeline.monitor import Monitor
from serinus.core.pipeline.plan import Plan

LONGEST_S = 60
"""The length of a beat where nothing asks for a shorter one."""
IN_A_DWELL = 10
"""So many beats at least make the shortest dwell, where they can: the tick looks once a second."""
BY_SECOND_UP_TO_S = 600.0
"""Monitors read longer windows by the minute."""


def beat_s(plan: Plan) -> int:
    """Seconds of a beat, a part of a minute, for a plan as it is rehearsed: no longer than a tenth of its shortest
    dwell and than it takes data to grow stale, and such that monitors that act are read when they are due; 1 at least.
    The others are read once in a beat at most."""
    shortest_s = min(min(step.dwell_s for step in plan.steps) / IN_A_DWELL, plan.freshness_s)
    found = max((part for part in _PARTS if part <= shortest_s), default=1)
    for monitor in (one for one in plan.monitors if one.action != "none"):
        found = math.gcd(found, *_periods_s(monitor))
    return found


def end_ms(beat: int, beat_s: int) -> int:
    """When a beat is over, in ms since the release began."""
    return (beat + 1) * beat_s * 1000


def beat_of(at_s: float, beat_s: int) -> int:
    """The first beat that is over at a time, or later."""
    return math.ceil(at_s / beat_s) - 1 if at_s < math.inf else sys.maxsize


def _periods_s(monitor: Monitor) -> list[int]:
    found = [monitor.every_s]
    if monitor.window_s <= BY_SECOND_UP_TO_S:
        found.append(monitor.window_s)
    return [max(1, int(one)) for one in found]


_PARTS = tuple(part for part in range(1, LONGEST_S + 1) if LONGEST_S % part == 0)
