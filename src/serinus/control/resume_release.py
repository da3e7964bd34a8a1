"""Resume a paused release: an acknowledgement of what paused it."""

from __future__ import annotations

from serinus.control.change import change_release
from serinus.control.clear_suspicions import clear_suspicions
from serinus.control.lookup import release_of
from serinus.core.audit.entry import Action
from serinus.core.release.release import Release
from serinus.core.release.transitions import resumed
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def resume_release(
    store: ControlStore, now_us: int, actor: str, id: str, reason: str, expected_seq: int | None = None
) -> Release:
    """The release going on where it was. Its trigger counts again on later data only; the rest counts on. Conflict
    while something suspected of the candidate waits for an answer (H4)."""

    def work(tx: ControlTx) -> Release:
        before = release_of(tx, id, expected_seq)
        clear_suspicions(tx, now_us, before)
        text = f"{actor} resumed the release" + (f": {reason}" if reason else "")
        following = resumed(before, tx.progress(id), text)
        return change_release(tx, now_us, actor, Action.RELEASE_RESUMED, before, following)

    return run(store, work)
