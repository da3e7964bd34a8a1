"""Whether releases are frozen now, and why."""

from __future__ import annotations

from serinus.control.peak_hours import zone_of
from serinus.core.pipeline.freeze import Freeze, frozen_in, window_words
from serinus.core.pipeline.plan import Plan


def check_zones(plan: Plan) -> None:
    """Refuse a freeze window in a zone that there is not; InvalidInput says where."""
    for i, window in enumerate(plan.freeze):
        zone_of(window, f"plan.freeze[{i}].zone")


def frozen(switch: Freeze | None, plan: Plan, now_us: int) -> str:
    """Why no release of this plan starts or takes a step now; empty when it may."""
    if switch is not None:
        why = f": {switch.reason}" if switch.reason else ""
        return f"{switch.actor} has frozen all releases{why}"
    for i, window in enumerate(plan.freeze):
        if frozen_in(window, now_us, zone_of(window, f"plan.freeze[{i}].zone")):
            return f"the plan freezes releases: {window_words(window)}"
    return ""
