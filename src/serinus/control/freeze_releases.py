"""Freeze all releases of the project, or let them go on."""

from __future__ import annotations

from serinus.core.audit.entry import Action, Draft
from serinus.core.pipeline.freeze import Freeze
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run


def freeze_releases(store: ControlStore, now_us: int, actor: str, on: bool, reason: str) -> Freeze | None:
    """The switch as it is now (None: off). On: no release of any app starts, takes a step or is promoted; shares stay,
    and rollbacks go on. Turning it to where it is changes nothing."""

    def work(tx: ControlTx) -> Freeze | None:
        before = tx.freeze()
        if on == (before is not None):
            return before
        following = Freeze(actor=actor, at_us=now_us, reason=reason) if on else None
        tx.put_freeze(following)
        action = Action.FREEZE_ON if on else Action.FREEZE_OFF
        entry = tx.append_audit(Draft(at_us=now_us, actor=actor, action=action, subject="project", reason=reason))
        verb = "has frozen all releases" if on else "lets releases go on"
        for app in tx.apps():
            tx.enqueue(
                Notice(
                    release="",
                    seq=entry.seq,
                    kind=action.value.rpartition(":")[2],
                    subject=app.config.name,
                    body=f"{actor} {verb}" + (f": {reason}" if reason else ""),
                    at_us=now_us,
                    app=app.config.name,
                    actor=actor,
                )
            )
        return following

    return run(store, work)
