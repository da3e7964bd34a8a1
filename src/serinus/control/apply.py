"""Carry out a decision: every command with its audit entry, notice and snapshot in one fenced transaction."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.control.change import change_release
from serinus.control.conclude import conclude
from serinus.control.expire_suspicions import expire_suspicions
from serinus.control.lookup import app_of, release_of
from serinus.core.audit.entry import Action, Draft
from serinus.core.decision.commands import (
    Advance,
    Calibrate,
    Command,
    Conclude,
    Confirm,
    EnterStage,
    Pause,
    Promote,
    Reject,
    RequestApproval,
    Resume,
    RollBack,
)
from serinus.core.decision.decision import Decision
from serinus.core.decision.triggered import triggered
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.table import Event, State
from serinus.core.release.transitions import (
    advanced,
    calibrated,
    confirmed,
    entered,
    paused,
    promoted,
    rejected,
    resumed,
    withdrawn,
)
from serinus.core.release.trigger import Trigger
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run

ACTOR = "tick"
Change = Pause | Resume | Calibrate | Advance | EnterStage | Reject | RollBack | Promote | Confirm


def apply(store: ControlStore, epoch: int, now_us: int, decision: Decision) -> Release:
    """The release after the decision. Deposed when another leads; Conflict when somebody changed the release since
    it was read: then nothing is done, and the next round judges anew."""
    judged = decision.evidence.release

    def work(tx: ControlTx) -> Release:
        release = release_of(tx, judged.id, judged.seq)
        evidence = msgspec.json.encode(decision.evidence).decode() if decision.commands else ""
        for command in decision.commands:
            trigger = triggered(decision) if isinstance(command, RollBack | Reject) else None
            release = _carry_out(tx, now_us, release, command, decision.progress, evidence, trigger)
        progress = decision.progress
        if release.step != progress.step:
            progress = msgspec.structs.replace(progress, step=release.step, dwell_ms=0, pending_ms=0)
        if progress != decision.evidence.stored:
            tx.put_progress(progress)
        return release

    return run(store, work, epoch)


def remember(store: ControlStore, epoch: int, decisions: Sequence[Decision]) -> None:
    """Store, in one transaction, the progress of decisions without commands where it changed. What somebody changed
    since it was judged is passed over. Deposed when another leads."""
    made = [(d.progress, d.evidence.release.seq) for d in decisions if d.progress != d.evidence.stored]
    if made:
        run(store, lambda tx: tx.put_progress_at(made), epoch)


def pause_for_error(
    store: ControlStore, epoch: int, now_us: int, judged: Release, what: str, passing: bool, afresh: bool = False
) -> None:
    """Pause a running release that could not be judged; nothing when it stands still or has changed since.

    `passing`: the data could not be read, so it resumes by itself when they can be again. `afresh`: its progress is
    lost, so that its step and stage are served again from their start.
    """

    def work(tx: ControlTx) -> None:
        release = release_of(tx, judged.id, judged.seq)
        if afresh:
            tx.put_progress(Progress(release=release.id, step=release.step))
        if release.state not in (State.RUNNING, State.WATCHING):
            return
        reason = f"The release could not be judged: {what}"
        trigger = "unreadable" if passing else "error"
        hold = Hold(trigger=trigger, reason=reason, at_us=now_us, auto_resume=passing)
        change_release(tx, now_us, ACTOR, Action.TICK_PAUSED, release, paused(release, hold, tx.revision() + 1))

    run(store, work, epoch)


def _carry_out(
    tx: ControlTx,
    now_us: int,
    release: Release,
    command: Command,
    progress: Progress,
    evidence: str,
    trigger: Trigger | None,
) -> Release:
    if isinstance(command, RequestApproval):
        _request_approval(tx, now_us, release, command, evidence)
        return release
    if isinstance(command, Conclude):
        conclude(tx, now_us, release, command, evidence)
        return release
    action, following = _following(tx, now_us, release, command, progress)
    if isinstance(command, RollBack):
        expire_suspicions(tx, now_us, command.expired)
    if isinstance(command, Promote):
        app = app_of(tx, release.app)
        tx.put_app(msgspec.structs.replace(app, live=release.candidate))
        tx.mark_live(release.candidate, now_us, release.app)
    return change_release(tx, now_us, ACTOR, action, release, following, evidence, trigger)


def _request_approval(tx: ControlTx, now_us: int, release: Release, command: RequestApproval, evidence: str) -> None:
    """Tell it once for this evidence, and once more as a reminder; the release stays as it is."""
    subject = command.evidence + (" reminder" if command.reminder else "")
    tx.enqueue(
        Notice(
            release=release.id,
            seq=release.seq,
            kind=Action.TICK_REQUESTED.value.rpartition(":")[2],
            subject=subject,
            body=command.reason,
            at_us=now_us,
            app=release.app,
            actor=ACTOR,
        )
    )
    tx.append_audit(
        Draft(
            at_us=now_us,
            actor=ACTOR,
            action=Action.TICK_REQUESTED,
            subject=release.id,
            after=command.evidence,
            reason=command.reason,
            evidence=evidence,
        )
    )


def _following(
    tx: ControlTx,
    now_us: int,
    release: Release,
    command: Change,
    progress: Progress,
) -> tuple[Action, Release]:
    revision = tx.revision() + 1
    match command:
        case Pause():
            return Action.TICK_PAUSED, paused(release, _hold(command, now_us), revision)
        case Resume():
            return Action.TICK_RESUMED, resumed(release, progress, command.reason)
        case Calibrate():
            return Action.TICK_CALIBRATED, calibrated(release, command.yardsticks, command.reason)
        case Advance():
            return Action.TICK_ADVANCED, advanced(release, revision, progress.positions, command.reason, command.cut)
        case EnterStage():
            return Action.TICK_ENTERED, entered(
                release, command.stage, progress.positions, command.reason, progress.renewals, progress.labels
            )
        case Reject():
            return Action.TICK_REJECTED, rejected(release, revision, command.reason)
        case RollBack():
            return Action.TICK_ROLLED_BACK, withdrawn(release, Event.ROLL_BACK, revision, command.reason)
        case Promote():
            return Action.TICK_PROMOTED, promoted(release, revision, command.reason)
        case Confirm():
            return Action.TICK_CONFIRMED, confirmed(release)


def _hold(pause: Pause, now_us: int) -> Hold:
    deadline_us = now_us + int(pause.deadline_s * 1e6) if pause.deadline_s else 0
    return Hold(
        trigger=pause.trigger,
        reason=pause.reason,
        at_us=now_us,
        auto_resume=pause.auto_resume,
        deadline_us=deadline_us,
    )
