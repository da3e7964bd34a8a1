"""The next value of a release after each event of the table: pure, one function an event."""

from __future__ import annotations

import msgspec

from serinus.core.release.release import Hold, Positions, Progress, Release
from serinus.core.release.table import Event, after
from serinus.core.routing.assignment import RampPoint


def started(release: Release, revision: int, reason: str) -> Release:
    """On its first step from snapshot `revision` on."""
    state = after(release.state, Event.START)
    return msgspec.structs.replace(
        release, seq=release.seq + 1, state=state, step=0, ramp=(_point(release, 0, revision),), restarts=({},),
        reason=reason,
    )  # fmt: skip


def advanced(release: Release, revision: int, positions: Positions, reason: str) -> Release:
    """On its next step from snapshot `revision` on; the last one is the watch. `positions`: the data seen so far."""
    step = release.step + 1
    event = Event.WATCH if release.plan.is_watch(step) else Event.ADVANCE
    return msgspec.structs.replace(
        release,
        seq=release.seq + 1,
        state=after(release.state, event),
        step=step,
        ramp=(*release.ramp, _point(release, step, revision)),
        restarts=(*release.restarts, positions),
        reason=reason,
    )


def paused(release: Release, hold: Hold) -> Release:
    """Held where it is: the share stays, the dwell stops."""
    state = after(release.state, Event.PAUSE)
    return msgspec.structs.replace(release, seq=release.seq + 1, state=state, hold=hold, reason=hold.reason)


def resumed(release: Release, progress: Progress | None, reason: str) -> Release:
    """Going on. What paused it counts again on data later than `progress` only (statistics 1)."""
    state = after(release.state, Event.RESUME)
    if release.plan.is_watch(release.step):
        state = after(state, Event.WATCH)
    return msgspec.structs.replace(
        release, seq=release.seq + 1, state=state, hold=None, rearmed=_rearmed(release, progress), reason=reason
    )


def withdrawn(release: Release, event: Event, revision: int, reason: str) -> Release:
    """Rolled back or aborted (`event`): snapshot `revision` serves the baseline to all; waits for confirmation."""
    return msgspec.structs.replace(
        release, seq=release.seq + 1, state=after(release.state, event), hold=None, final_revision=revision,
        reason=reason,
    )  # fmt: skip


def confirmed(release: Release) -> Release:
    """Ended: every worker follows the snapshot that took the candidate out, or its lease has run out."""
    return msgspec.structs.replace(release, seq=release.seq + 1, state=after(release.state, Event.CONFIRM))


def promoted(release: Release, revision: int, reason: str) -> Release:
    """Ended: the candidate is the live version from snapshot `revision` on."""
    return msgspec.structs.replace(
        release, seq=release.seq + 1, state=after(release.state, Event.PROMOTE), final_revision=revision, reason=reason
    )


def _point(release: Release, step: int, revision: int) -> RampPoint:
    return RampPoint(revision=revision, step=step, share=release.plan.candidate_share(step))


def _rearmed(release: Release, progress: Progress | None) -> dict[str, dict[str, int]]:
    if release.hold is None or progress is None:
        return release.rearmed
    kind, _, name = release.hold.trigger.partition(":")
    if kind == "guardrail":
        candidate, control = progress.positions.get(name, (0, 0))
        return {**release.rearmed, release.hold.trigger: {"candidate": candidate, "control": control}}
    if kind == "limit":
        return {**release.rearmed, release.hold.trigger: {"after_us": progress.watermark_us}}
    return release.rearmed
