"""Pause a release: its share stays, its dwell stops, a person resumes it. A first release takes in nobody new."""

from __future__ import annotations

from serinus.control.change import change_release
from serinus.control.lookup import release_of
from serinus.core.audit.entry import Action
from serinus.core.release.release import Hold, Release
from serinus.core.release.transitions import paused
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def pause_release(
    store: ControlStore, now_us: int, actor: str, id: str, reason: str, expected_seq: int | None = None
) -> Release:
    """The paused release. Harm still rolls it back. Conflict unless it runs, or when its seq is another by now."""

    def work(tx: ControlTx) -> Release:
        before = release_of(tx, id, expected_seq)
        text = f"{actor} paused the release" + (f": {reason}" if reason else "")
        following = paused(before, Hold(trigger="person", reason=text, at_us=now_us), tx.revision() + 1)
        return change_release(tx, now_us, actor, Action.RELEASE_PAUSED, before, following)

    return run(store, work)
