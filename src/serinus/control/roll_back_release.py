"""Roll a release back by a person's decision."""

from __future__ import annotations

from serinus.control.change import change_release
from serinus.control.lookup import release_of
from serinus.core.audit.entry import Action
from serinus.core.release.release import Release
from serinus.core.release.table import Event
from serinus.core.release.transitions import withdrawn
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run


def roll_back_release(
    store: ControlStore, now_us: int, actor: str, id: str, reason: str, expected_seq: int | None = None
) -> Release:
    """The release rolling back: everybody is on the baseline with the snapshot published here; the tick confirms."""

    def work(tx: ControlTx) -> Release:
        before = release_of(tx, id, expected_seq)
        text = f"{actor} rolled the release back" + (f": {reason}" if reason else "")
        following = withdrawn(before, Event.ROLL_BACK, tx.revision() + 1, text)
        return change_release(tx, now_us, actor, Action.RELEASE_ROLLED_BACK, before, following)

    return run(store, work)
