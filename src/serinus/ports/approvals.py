"""Approvals: part of a control transaction."""

from __future__ import annotations

from typing import Protocol

from serinus.core.release.approval import Approval


class ApprovalTx(Protocol):
    """The part of a control transaction that keeps what people signed or refused. Nothing changes or removes it."""

    def insert_approval(self, approval: Approval) -> bool:
        """False when this identity has said this in this role, at this stage, on this evidence already."""
        ...

    def approvals(self, release: str) -> list[Approval]:
        """All of a release, lapsed ones too, oldest first."""
        ...
