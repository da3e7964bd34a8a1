"""Shorten the dwells of a plan whose app has earned it (H3)."""

from __future__ import annotations

import msgspec

from serinus.core.pipeline.acceleration import accelerated
from serinus.core.pipeline.plan import Plan
from serinus.core.release.table import FINAL, State
from serinus.ports.control_store import ControlTx, Page


def accelerate(tx: ControlTx, app: str, plan: Plan) -> Plan:
    """The plan that a release starting now follows. Clean are releases that were promoted and never paused for harm
    seen by a signal or a limit; anything that ended otherwise begins the count anew."""
    wanted = plan.accelerate
    if wanted is None:
        return plan
    ended, _ = tx.releases(Page(limit=wanted.clean_releases), app, FINAL)
    clean = [release for release in ended if release.state is State.PROMOTED and not release.rearmed]
    if len(clean) < wanted.clean_releases:
        return plan
    return msgspec.structs.replace(plan, stages=accelerated(plan.stages, wanted), steps=())
