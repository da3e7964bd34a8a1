"""Make the first version of an app live."""

from __future__ import annotations

import msgspec

from serinus.control.lookup import app_of, version_to_serve
from serinus.control.publish import publish
from serinus.control.start_release import active_release
from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import Conflict
from serinus.core.judging.fallback_fit import check_fallback_fit
from serinus.core.pipeline.app import AppState
from serinus.core.versions.content import parse_content
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def make_live(store: ControlStore, now_us: int, actor: str, app: str, ref: str, reason: str) -> AppState:
    """The app serving this version to all. Only while nothing is live: Conflict says to start a release (A7), or names
    the first release that is under way."""

    def work(tx: ControlTx) -> AppState:
        before = app_of(tx, app)
        version = version_to_serve(tx, app, ref)
        if before.live == version.digest:
            return before
        check_fallback_fit(before.config, version.name, parse_content(version.content))
        if before.live is not None:
            raise Conflict(
                f"{app} has a live version already", where="app.live", mend=f"start a release of {version.name}"
            )
        active = active_release(tx, app)
        if active is not None:
            raise Conflict(
                f"{app} is in its first release {active.id} ({active.state.value})",
                where="release",
                mend="let it go on to be live, or abort it",
            )
        following = msgspec.structs.replace(before, live=version.digest)
        tx.put_app(following)
        tx.mark_live(version.digest, now_us, app)
        tx.append_audit(
            Draft(
                at_us=now_us,
                actor=actor,
                action=Action.VERSION_MADE_LIVE,
                subject=app,
                after=version.digest,
                reason=reason,
            )
        )
        publish(tx, now_us)
        return following

    return run(store, work)
