"""Refuse a release at an approval stage: a candidate that nobody has seen is rejected, another is rolled back."""

from __future__ import annotations

from collections.abc import Collection

from serinus.control.change import change_release
from serinus.control.lookup import release_of
from serinus.control.sign import chosen_role, signing_of
from serinus.core.audit.entry import Action
from serinus.core.decision.gates import refusal_text
from serinus.core.release.approval import Approval
from serinus.core.release.release import Release
from serinus.core.release.table import Event
from serinus.core.release.transitions import rejected, withdrawn
from serinus.core.release.trigger import Trigger
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run

_REFUSED = Trigger(kind="refused")


def reject_release(
    store: ControlStore,
    now_us: int,
    actor: str,
    roles: Collection[str],
    id: str,
    role: str = "",
    reason: str = "",
    expected_seq: int | None = None,
) -> Release:
    """The release after one person's no, which is enough. `roles` and `role` as for an approval; whatever was shown,
    a no needs no fresh look. Conflict when the release waits for nobody's approval."""

    def work(tx: ControlTx) -> Release:
        before = release_of(tx, id, expected_seq)
        now = signing_of(tx, before)
        refusal = Approval(
            release=id,
            stage=before.stage,
            role=chosen_role(now, actor, roles, role),
            actor=actor,
            verdict="reject",
            version=before.candidate,
            evidence=now.evidence,
            reason=reason,
            at_us=now_us,
        )
        tx.insert_approval(refusal)
        text, revision, shown = refusal_text(refusal), tx.revision() + 1, now.shown.encoded().decode()
        if before.exposed:
            following = withdrawn(before, Event.ROLL_BACK, revision, text)
            return change_release(tx, now_us, actor, Action.RELEASE_ROLLED_BACK, before, following, shown, _REFUSED)
        following = rejected(before, revision, text)
        return change_release(tx, now_us, actor, Action.RELEASE_REJECTED, before, following, shown, _REFUSED)

    return run(store, work)
