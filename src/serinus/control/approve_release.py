"""Approve a release: one identity, in one role, once, for the evidence that was shown."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from serinus.control.lookup import release_of
from serinus.control.sign import check_evidence, chosen_role, refuse_involved, signing_of
from serinus.core.audit.entry import Action, Draft
from serinus.core.decision.signing import Signing
from serinus.core.release.approval import Approval, identity_of
from serinus.core.release.release import Release
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """An approval as stored, the release, and the roles that nobody has signed for yet."""

    release: Release
    approval: Approval
    lacking: tuple[str, ...]


def approve_release(
    store: ControlStore,
    now_us: int,
    actor: str,
    roles: Collection[str],
    id: str,
    evidence: str,
    role: str = "",
    reason: str = "",
    expected_seq: int | None = None,
) -> Signed:
    """The approval; the tick goes on when enough of them are there. The same click twice is one approval.

    `roles` are those the actor holds, `role` the one to sign in (empty: the only one that fits), `evidence` the digest
    of what the actor was shown. Conflict with the digest of now when that has changed; Forbidden for the author of the
    version, for who started the release, and for roles that the stage does not ask for (G1).
    """

    def work(tx: ControlTx) -> Signed:
        release = release_of(tx, id)
        again = _before(tx.approvals(id), actor, evidence, role)
        if again is not None:
            waits = again.stage == release.stage and not release.plan.steps_of(release.stage)
            return Signed(release=release, approval=again, lacking=signing_of(tx, release).lacking if waits else ())
        release_of(tx, id, expected_seq)
        now = signing_of(tx, release)
        deeds = [("pushed this version", now.author), ("started this release", now.starter)]
        refuse_involved(deeds, actor, "approve", "approval")
        signed_as = chosen_role(now, actor, roles, role)
        check_evidence(now, evidence)
        approval = Approval(
            release=id,
            stage=release.stage,
            role=signed_as,
            actor=actor,
            verdict="approve",
            version=release.candidate,
            evidence=evidence,
            reason=reason,
            at_us=now_us,
        )
        tx.insert_approval(approval)
        _record(tx, release, now, approval)
        return Signed(release=release, approval=approval, lacking=signing_of(tx, release).lacking)

    return run(store, work)


def _before(known: Collection[Approval], actor: str, evidence: str, role: str) -> Approval | None:
    """The same approval, given earlier."""
    for one in known:
        same = one.verdict == "approve" and one.evidence == evidence and role in ("", one.role)
        if same and identity_of(one.actor) == identity_of(actor):
            return one
    return None


def _record(tx: ControlTx, release: Release, now: Signing, approval: Approval) -> None:
    """Audit who signed and all that was shown, and tell it."""
    why = f": {approval.reason}" if approval.reason else ""
    text = f"{approval.actor} approved {now.stage.name} as {approval.role}{why}"
    tx.append_audit(
        Draft(
            at_us=approval.at_us,
            actor=approval.actor,
            action=Action.RELEASE_APPROVED,
            subject=release.id,
            before=approval.version,
            after=approval.evidence,
            reason=text,
            evidence=now.shown.encoded().decode(),
        )
    )
    tx.enqueue(
        Notice(
            release=release.id,
            seq=release.seq,
            kind=Action.RELEASE_APPROVED.value.rpartition(":")[2],
            subject=f"{approval.role} {approval.actor}",
            body=text,
            at_us=approval.at_us,
            app=release.app,
            actor=approval.actor,
        )
    )
