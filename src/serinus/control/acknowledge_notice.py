"""Acknowledge a notice: somebody has seen it and looks into it."""

from __future__ import annotations

import msgspec

from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import NotFound
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run


def acknowledge_notice(store: ControlStore, now_us: int, actor: str, id: int, reason: str = "") -> Notice:
    """The notice with who has seen it and when: it does not escalate any more. The first one stays recorded; to
    acknowledge it again changes nothing."""

    def work(tx: ControlTx) -> Notice:
        before = tx.notice(id)
        if before is None:
            raise NotFound(f"no notice {id}", where="notice", mend="list them: `serinus notices`")
        return before if before.acknowledged_at_us else acknowledged(tx, now_us, actor, before, reason)

    return run(store, work)


def acknowledged(tx: ControlTx, now_us: int, actor: str, before: Notice, reason: str) -> Notice:
    """The notice, which nobody has acknowledged, with who has seen it; kept and on the trail."""
    following = msgspec.structs.replace(before, acknowledged_at_us=now_us, acknowledged_by=actor)
    tx.replace_notice(following)
    tx.append_audit(
        Draft(
            at_us=now_us,
            actor=actor,
            action=Action.NOTICE_ACKNOWLEDGED,
            subject=f"notice {before.id}",
            after=before.release or before.app,
            reason=reason,
        )
    )
    return following
