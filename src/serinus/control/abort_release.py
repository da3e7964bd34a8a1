"""Abort a release: the candidate is taken out for no fault of its own."""

from __future__ import annotations

from serinus.control.change import change_release
from serinus.control.lookup import release_of
from serinus.core.audit.entry import Action
from serinus.core.release.release import Release
from serinus.core.release.table import Event
from serinus.core.release.transitions import withdrawn
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def abort_release(
    store: ControlStore, now_us: int, actor: str, id: str, reason: str, expected_seq: int | None = None
) -> Release:
    """The release being aborted: everybody is on the baseline with the snapshot published here; the tick confirms."""

    def work(tx: ControlTx) -> Release:
        before = release_of(tx, id, expected_seq)
        text = f"{actor} aborted the release" + (f": {reason}" if reason else "")
        following = withdrawn(before, Event.ABORT, tx.revision() + 1, text)
        return change_release(tx, now_us, actor, Action.RELEASE_ABORTED, before, following)

    return run(store, work)
