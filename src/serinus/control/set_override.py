"""Pin all traffic of an app to a version that was live before."""

from __future__ import annotations

import msgspec

from serinus.control.lookup import app_of, version_to_serve
from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import Conflict
from serinus.core.pipeline.app import AppState
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def set_override(store: ControlStore, now_us: int, actor: str, app: str, ref: str, reason: str) -> AppState:
    """The app pinned to this version for everybody until cleared (J3). Conflict when it never was live."""

    def work(tx: ControlTx) -> AppState:
        before = app_of(tx, app)
        version = version_to_serve(tx, app, ref)
        if before.live is None:
            raise Conflict(
                f"nothing of {app} was live before, so there is nothing to pin its users to",
                where="version",
                mend="to take a candidate out, roll its release back: everybody then gets the fallback message",
            )
        if not version.was_live_at_us:
            raise Conflict(
                f"{version.name} was never live",
                where="version",
                mend="pin a version that was live before; a new one goes through a release",
            )
        following = msgspec.structs.replace(before, override=version.digest)
        if following == before:
            return before
        tx.put_app(following)
        tx.append_audit(
            Draft(
                at_us=now_us,
                actor=actor,
                action=Action.OVERRIDE_SET,
                subject=app,
                before=before.override or "",
                after=version.digest,
                reason=reason,
            )
        )
        publish(tx, now_us)
        return following

    return run(store, work)
