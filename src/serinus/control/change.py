"""Store one change of a release: compare-and-swap, audit entry, notice and new snapshot in one transaction."""

from __future__ import annotations

import hashlib

import msgspec

from serinus.control.answer_cache import purge_answers
from serinus.control.mirror import mirror_of
from serinus.control.open_incident import follow_incident
from serinus.control.publish import publish
from serinus.core.audit.entry import Action, Draft
from serinus.core.pipeline.stages import OfflineStage
from serinus.core.release.release import Release
from serinus.core.release.table import FINAL, SERVING, State
from serinus.core.release.trigger import Trigger
from serinus.ports.control_store import ControlTx, Notice
from serinus.ports.jobs import EVALUATE, EvaluateJob

_TAKEN_BACK = frozenset({State.ROLLING_BACK, State.ROLLED_BACK, State.REJECTED})


def change_release(
    tx: ControlTx,
    now_us: int,
    actor: str,
    action: Action,
    before: Release,
    following: Release,
    evidence: str = "",
    trigger: Trigger | None = None,
) -> Release:
    """Replace `before` by `following`; Conflict when somebody else was quicker. Publishes when routing changes, and
    enqueues the measurement that a stage asks for, once for each attempt. A rollback and a rejection open an incident,
    whose `trigger` is a person's word where none is given.

    A publication takes the revision `tx.revision() + 1`, which ramp points and `final_revision` must already name.
    """
    if following.state in FINAL and not following.ended_at_us:
        following = msgspec.structs.replace(following, ended_at_us=now_us)
    tx.replace_release(following, before.seq)
    audit_release(tx, now_us, actor, action, before, following, evidence)
    tx.enqueue(
        Notice(
            release=following.id,
            seq=following.seq,
            kind=action.value.rpartition(":")[2],
            subject=following.plan.owner,
            body=following.reason,
            at_us=now_us,
            app=following.app,
            actor=actor,
        )
    )
    _measure(tx, now_us, before, following)
    if following.state in _TAKEN_BACK and before.state not in _TAKEN_BACK:
        purge_answers(tx, now_us, actor, following.app, following.candidate, f"{following.id} was taken back")
    follow_incident(tx, now_us, actor, before, following, trigger)
    if _routing(before) != _routing(following):
        publish(tx, now_us)
    return following


def _measure(tx: ControlTx, now_us: int, before: Release, following: Release) -> None:
    if following.state is not State.RUNNING or following.attempts == before.attempts:
        return
    stage = following.plan.stages[following.stage]
    if isinstance(stage, OfflineStage):
        job = EvaluateJob(
            release=following.id,
            stage=following.stage,
            attempt=following.attempt_of(following.stage),
            suites=stage.suites,
            budget_s=stage.budget_s,
        )
        tx.enqueue_job(job.key, EVALUATE, msgspec.json.encode(job), now_us)


def audit_release(
    tx: ControlTx,
    now_us: int,
    actor: str,
    action: Action,
    before: Release | None,
    following: Release,
    evidence: str = "",
) -> None:
    """Append the entry for a change of a release, with digests of its values before and after."""
    tx.append_audit(
        Draft(
            at_us=now_us,
            actor=actor,
            action=action,
            subject=following.id,
            before=digest_of(before) if before else "",
            after=digest_of(following),
            reason=following.reason,
            evidence=evidence,
        )
    )


def digest_of(value: msgspec.Struct) -> str:
    """Hex SHA-256 of a value's JSON with sorted keys."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def _routing(release: Release) -> tuple[object, ...]:
    """All of a release that the snapshot shows."""
    ended = release.state in FINAL
    return release.state in SERVING, ended, release.ramp, mirror_of(release), release.yardsticks, release.closed_from
