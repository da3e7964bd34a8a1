"""Whether an app has earned shorter dwells (H3)."""

from __future__ import annotations

from serinus.core.pipeline.plan import Plan
from serinus.core.release.table import FINAL, State
from serinus.ports.control_store import ControlTx, Page


def has_earned(tx: ControlTx, app: str, plan: Plan) -> bool:
    """Whether a release that starts now is faster. Clean are releases that were promoted and never paused for harm
    seen by a signal or a limit; anything that ended otherwise begins the count anew."""
    wanted = plan.accelerate
    if wanted is None:
        return False
    ended, _ = tx.releases(Page(limit=wanted.clean_releases), app, FINAL)
    clean = [release for release in ended if release.state is State.PROMOTED and not release.rearmed]
    return len(clean) >= wanted.clean_releases
