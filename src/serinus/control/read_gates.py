"""Read what stages without traffic are decided by."""

from __future__ import annotations

import msgspec

from serinus.core.decision.observations import Gates
from serinus.core.release.release import Release
from serinus.core.release.table import SERVING
from serinus.ports.control_store import ControlTx


def read_gates(tx: ControlTx, release: Release) -> Gates:
    """All of a release's while it is decided by them; nothing while it takes its steps or ends."""
    if release.state not in SERVING or release.plan.steps_of(release.stage):
        return Gates()
    return all_gates(tx, release)


def all_gates(tx: ControlTx, release: Release) -> Gates:
    """Results, without the numbers behind them (their digest stands for these), approvals, and the candidate's
    author."""
    version = tx.find_version(release.app, release.candidate)
    return Gates(
        results=tuple(msgspec.structs.replace(result, evidence="") for result in tx.stage_results(release.id)),
        approvals=tuple(tx.approvals(release.id)),
        author=version.created_by if version else "",
    )
