"""Take back a release that this Serinus cannot read: nobody can judge it, so nobody may be served by it."""

from __future__ import annotations

from serinus.control.apply import ACTOR
from serinus.control.open_incident import open_unreadable
from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.docket import Docketed
from serinus.ports.retry import run


def end_unreadable(store: ControlStore, epoch: int, now_us: int, found: Docketed) -> None:
    """End it as rolled back: everybody is on the baseline with the snapshot published here, and its app is free. What
    is stored of it stays, for whoever can read it. Conflict when it changed meanwhile."""
    reason = f"Taken back, since it cannot be judged: {found.fault}"
    action = Action.TICK_ROLLED_BACK

    def work(tx: ControlTx) -> None:
        tx.end_unreadable(found.id, found.seq)
        tx.append_audit(Draft(at_us=now_us, actor=ACTOR, action=action, subject=found.id, reason=reason))
        tx.enqueue(
            Notice(
                release=found.id,
                seq=found.seq + 1,
                kind=action.value.rpartition(":")[2],
                subject=found.app_name,
                body=reason,
                at_us=now_us,
                app=found.app_name,
                actor=ACTOR,
            )
        )
        open_unreadable(tx, now_us, found, reason)
        publish(tx, now_us)

    run(store, work, epoch)
