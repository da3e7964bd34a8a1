"""Send a test notice to all targets of an app, so that nobody learns of a wrong address during an incident."""

from __future__ import annotations

from serinus.control.lookup import app_of
from serinus.core.errors import Conflict
from serinus.core.notices.kinds import TEST, recipients
from serinus.ports.control_store import ControlStore, ControlTx, Notice, Page
from serinus.ports.retry import run


def send_test_notice(store: ControlStore, now_us: int, actor: str, app: str) -> Notice:
    """The notice, on its way. Conflict when the app declares no target at all."""

    def work(tx: ControlTx) -> Notice:
        state = app_of(tx, app)
        if not recipients(TEST, state.config.notifications):
            raise Conflict(
                f"{app} names nobody to tell",
                where="app.notifications",
                mend="declare targets: `notifications: {on_call: [{url_env: PAGER_URL}]}`",
            )
        body = f"{actor} tests the notifications of {app}; nothing has happened"
        notice = Notice(release="", seq=now_us, kind=TEST, subject=app, body=body, at_us=now_us, app=app, actor=actor)
        tx.enqueue(notice)
        return tx.notices(Page(limit=1), app=app)[0][0]

    return run(store, work)
