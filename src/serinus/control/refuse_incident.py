"""Refuse a release while an incident of its app is open, where the plan says so (product.md K1)."""

from __future__ import annotations

from serinus.core.errors import Conflict
from serinus.core.pipeline.plan import Plan
from serinus.core.release.incident_duty import DUTIES, lacking
from serinus.ports.control_store import ControlTx, Page


def refuse_incident(tx: ControlTx, app: str, plan: Plan) -> None:
    """Conflict that names the newest open incident and what it still needs."""
    if not plan.incidents.block:
        return
    found, _ = tx.incidents(Page(limit=2), app, is_open=True)
    if not found:
        return
    lack = "; ".join(DUTIES[name].title for name in lacking(found[0]))
    needs = f"it waits until it is signed that {lack}" if lack else "all is signed"
    more = ", and more of them" if len(found) > 1 else ""
    raise Conflict(
        f"incident {found[0].id} of {app} is open{more}: {needs}",
        where="incident",
        mend=f"`serinus incidents show {found[0].id}`, sign what lacks, then `serinus incidents close`",
    )
