"""Approvals in memory."""

from __future__ import annotations

from serinus.adapters.memory_rows import ControlRows
from serinus.core.release.approval import Approval, identity_of


class MemoryApprovals:
    """The approvals part of a control transaction."""

    _rows: ControlRows

    def insert_approval(self, approval: Approval) -> bool:
        identity = identity_of(approval.actor)
        signed = (approval.release, approval.stage, approval.evidence, approval.role, identity, approval.verdict)
        if signed in self._rows.approvals:
            return False
        self._rows.approvals.put(signed, approval)
        return True

    def approvals(self, release: str) -> list[Approval]:
        own = (a for a in self._rows.approvals.values() if a.release == release)
        return sorted(own, key=lambda a: (a.at_us, a.role, identity_of(a.actor), a.verdict))
