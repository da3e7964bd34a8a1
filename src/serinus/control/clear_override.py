"""Take the pin off an app's traffic."""

from __future__ import annotations

import msgspec

from serinus.control.lookup import app_of
from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.core.pipeline.app import AppState
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def clear_override(store: ControlStore, now_us: int, actor: str, app: str, reason: str) -> AppState:
    """The app serving its live version again; nothing changes when there was no override."""

    def work(tx: ControlTx) -> AppState:
        before = app_of(tx, app)
        if before.override is None:
            return before
        following = msgspec.structs.replace(before, override=None)
        tx.put_app(following)
        tx.append_audit(
            Draft(
                at_us=now_us,
                actor=actor,
                action=Action.OVERRIDE_CLEARED,
                subject=app,
                before=before.override,
                reason=reason,
            )
        )
        publish(tx, now_us)
        return following

    return run(store, work)
