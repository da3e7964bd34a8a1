"""Carry out a decision: every command with its audit entry, notice and snapshot in one fenced transaction."""

from __future__ import annotations

import msgspec

from serinus.control.change import change_release
from serinus.control.lookup import app_of, release_of
from serinus.core.audit.entry import Action
from serinus.core.decision.commands import Advance, Command, Confirm, Pause, Promote, Resume, RollBack
from serinus.core.decision.decision import Decision
from serinus.core.release.release import Hold, Progress, Release
from serinus.core.release.table import Event
from serinus.core.release.transitions import advanced, confirmed, paused, promoted, resumed, withdrawn
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.retry import run

ACTOR = "tick"


def apply(store: ControlStore, epoch: int, now_us: int, decision: Decision) -> Release:
    """The release after the decision. Deposed when another leads; Conflict when somebody changed the release since
    it was read: then nothing is done, and the next round judges anew."""
    judged = decision.evidence.release

    def work(tx: ControlTx) -> Release:
        release = release_of(tx, judged.id, judged.seq)
        evidence = msgspec.json.encode(decision.evidence).decode() if decision.commands else ""
        for command in decision.commands:
            release = _carry_out(tx, now_us, release, command, decision.progress, evidence)
        progress = decision.progress
        if release.step != progress.step:
            progress = msgspec.structs.replace(progress, step=release.step, dwell_ms=0, pending_ms=0)
        if progress != decision.evidence.stored:
            tx.put_progress(progress)
        return release

    return run(store, work, epoch)


def pause_for_error(store: ControlStore, epoch: int, now_us: int, judged: Release, what: str, passing: bool) -> None:
    """Pause a running release that could not be judged; nothing when it stands still or has changed since.

    `passing`: the data could not be read, so it resumes by itself when they can be again.
    """

    def work(tx: ControlTx) -> None:
        release = release_of(tx, judged.id, judged.seq)
        reason = f"The release could not be judged: {what}"
        trigger = "unreadable" if passing else "error"
        hold = Hold(trigger=trigger, reason=reason, at_us=now_us, auto_resume=passing)
        change_release(tx, now_us, ACTOR, Action.TICK_PAUSED, release, paused(release, hold))

    run(store, work, epoch)


def _carry_out(
    tx: ControlTx, now_us: int, release: Release, command: Command, progress: Progress, evidence: str
) -> Release:
    action, following = _following(tx, now_us, release, command, progress)
    if isinstance(command, Promote):
        app = app_of(tx, release.app)
        tx.put_app(msgspec.structs.replace(app, live=release.candidate))
        tx.mark_live(release.candidate, now_us, release.app)
    return change_release(tx, now_us, ACTOR, action, release, following, evidence)


def _following(
    tx: ControlTx, now_us: int, release: Release, command: Command, progress: Progress
) -> tuple[Action, Release]:
    revision = tx.revision() + 1
    match command:
        case Pause():
            return Action.TICK_PAUSED, paused(release, _hold(command, now_us))
        case Resume():
            return Action.TICK_RESUMED, resumed(release, progress, command.reason)
        case Advance():
            return Action.TICK_ADVANCED, advanced(release, revision, progress.positions, command.reason)
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
