"""Approvals in SQL."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from serinus.adapters.schema import approvals
from serinus.adapters.sql_tx import SqlTx
from serinus.core.release.approval import Approval, identity_of

_FIELDS = Approval.__struct_fields__


class SqlApprovals(SqlTx):
    """The approvals part of a control transaction."""

    def insert_approval(self, approval: Approval) -> bool:
        return self._add(approvals, identity=identity_of(approval.actor), **msgspec.structs.asdict(approval))

    def approvals(self, release: str) -> list[Approval]:
        query = (
            select(approvals)
            .where(self._own(approvals, release=release))
            .order_by(approvals.c.at_us, approvals.c.role, approvals.c.identity, approvals.c.verdict)
        )
        return [Approval(**{name: getattr(row, name) for name in _FIELDS}) for row in self._all(query)]
