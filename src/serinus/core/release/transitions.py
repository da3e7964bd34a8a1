"""The next value of a release after each event of the table: pure, one function an event."""

from __future__ import annotations

import msgspec

from serinus.core.errors import IllegalTransition
from serinus.core.pipeline.acceleration import quickened
from serinus.core.pipeline.stages import ApprovalStage, MeasuredStage, ShadowStage
from serinus.core.records.label_sums import LabelSums
from serinus.core.records.live_calls import Position
from serinus.core.records.pair_totals import PairTotals
from serinus.core.records.sums import ENROLLED
from serinus.core.release.release import Hold, Positions, Progress, Release, Renewals
from serinus.core.release.table import Event, after
from serinus.core.release.yardstick import Yardstick
from serinus.core.routing.assignment import RampPoint


def started(release: Release, revision: int, reason: str) -> Release:
    """In its first stage; if that is a rollout, on its first step from snapshot `revision` on."""
    begun = msgspec.structs.replace(
        release, seq=release.seq + 1, state=after(release.state, Event.START), reason=reason
    )
    return _on_step(begun, 0, revision, {}) if release.plan.steps_of(0) else _in_stage(begun, 0, {})


def entered(
    release: Release,
    stage: int,
    positions: Positions,
    reason: str,
    renewals: Renewals | None = None,
    labels: tuple[LabelSums, ...] = (),
) -> Release:
    """In this stage, having passed the ones before it. The share stays. `positions`: the data seen so far, `renewals`:
    where its evidence was renewed, `labels`: what was said of its users."""
    passed = msgspec.structs.replace(
        release, seq=release.seq + 1, state=after(release.state, Event.ENTER), reason=reason
    )
    found = _in_stage(passed, stage, positions, renewals)
    signed = isinstance(release.plan.stages[stage], ApprovalStage)
    return msgspec.structs.replace(found, shown_labels=labels) if signed else found


def advanced(release: Release, revision: int, positions: Positions, reason: str, cut: float = 0.0) -> Release:
    """On its next step, and in the stage that takes it, from snapshot `revision` on; the last one is the watch. `cut`:
    by so much the dwells of steps beyond the early ones are shorter from now on, as the plan's `accelerate` says."""
    step = release.step + 1
    event = Event.WATCH if release.plan.is_watch(step) else Event.ADVANCE
    following = msgspec.structs.replace(release, seq=release.seq + 1, state=after(release.state, event), reason=reason)
    if cut and release.plan.accelerate is not None:
        stages = quickened(release.plan.stages, release.plan.accelerate.up_to, cut)
        plan = msgspec.structs.replace(release.plan, stages=stages, steps=())
        following = msgspec.structs.replace(following, plan=plan)
    return _on_step(following, step, revision, positions)


def rerun(release: Release, stage: int, reason: str) -> Release:
    """Back in a measured stage that it was in before, with a new attempt; what was measured or signed later stands
    only as far as it does not rest on it. IllegalTransition when something else has paused it, or in the watch."""
    state = after(release.state, Event.RERUN)
    if release.hold is not None and release.hold.trigger != stage_trigger(release.stage):
        raise IllegalTransition(
            f"the release is paused: {release.hold.reason}", where="release", mend="resume it first, then run it again"
        )
    if not isinstance(release.plan.stages[stage], MeasuredStage) or stage > release.stage:
        raise IllegalTransition(
            f"stage {release.plan.stages[stage].name!r} has measured nothing yet",
            where="stage",
            mend="name an offline or shadow stage that the release has been in",
        )
    if release.exposed and isinstance(release.plan.stages[stage], ShadowStage):
        raise IllegalTransition(
            "users have seen the candidate, so requests are not mirrored any more",
            where="stage",
            mend="the comparison with the control says more; roll it back and start again to have it in shadow",
        )
    attempts = _asked_again(release, stage)
    return msgspec.structs.replace(
        release, seq=release.seq + 1, state=state, stage=stage, attempts=attempts, hold=None, reason=reason
    )


def rejected(release: Release, revision: int, reason: str) -> Release:
    """Ended before any user has seen the candidate; snapshot `revision` knows it no more. IllegalTransition
    afterwards: then it is rolled back."""
    if release.exposed:
        raise IllegalTransition(
            "users have seen the candidate, so it cannot be rejected any more", where="release", mend="roll it back"
        )
    return msgspec.structs.replace(
        release, seq=release.seq + 1, state=after(release.state, Event.REJECT), hold=None, final_revision=revision,
        reason=reason,
    )  # fmt: skip


def calibrated(release: Release, yardsticks: tuple[Yardstick, ...], reason: str) -> Release:
    """Where it was, with more of the control's own quantiles frozen; those that it has stay as they are."""
    have = {one.metric for one in release.yardsticks}
    fresh = tuple(one for one in yardsticks if one.metric not in have)
    return msgspec.structs.replace(
        release, seq=release.seq + 1, yardsticks=(*release.yardsticks, *fresh), reason=reason
    )


def paused(release: Release, hold: Hold, revision: int = 0) -> Release:
    """Held where it is: the share stays, the dwell stops. In a first release, behind which nothing live stands, a doubt
    that a person has to settle exposes nobody new: who begins a conversation from snapshot `revision` on gets the
    message, while those begun before go on (H1, H13). Missing data need callers to come back, so they close nothing."""
    state = after(release.state, Event.PAUSE)
    if release.plan.first and release.exposed and not hold.auto_resume:
        hold = msgspec.structs.replace(hold, closed_from=revision)
    return msgspec.structs.replace(release, seq=release.seq + 1, state=state, hold=hold, reason=hold.reason)


def resumed(release: Release, progress: Progress | None, reason: str) -> Release:
    """Going on. What paused it counts again on data later than `progress` only (statistics 1); a stage whose
    measurement paused it is measured once more."""
    state = after(release.state, Event.RESUME)
    if release.plan.is_watch(release.step):
        state = after(state, Event.WATCH)
    return msgspec.structs.replace(
        release,
        seq=release.seq + 1,
        state=state,
        hold=None,
        rearmed=_rearmed(release, progress),
        attempts=_attempts_after(release),
        reason=reason,
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


def stage_trigger(stage: int) -> str:
    """The name of a stage as what paused a release."""
    return f"stage:{stage}"


def _in_stage(release: Release, stage: int, positions: Positions, renewals: Renewals | None = None) -> Release:
    """The first entry into a measured stage is its first attempt; an approval freezes what is shown to reviewers."""
    found = release.plan.stages[stage]
    attempts, shown, known = release.attempts, release.shown, release.shown_renewals
    if isinstance(found, MeasuredStage):
        attempts = attempts if release.attempt_of(stage) else _asked_again(release, stage)
    if isinstance(found, ApprovalStage):
        shown, known = positions, renewals or {}
    return msgspec.structs.replace(release, stage=stage, attempts=attempts, shown=shown, shown_renewals=known)


def _on_step(release: Release, step: int, revision: int, positions: Positions) -> Release:
    return msgspec.structs.replace(
        release,
        stage=release.plan.stage_of(step),
        step=step,
        ramp=(*release.ramp, _point(release, step, revision)),
        restarts=(*release.restarts, positions),
    )


def _attempts_after(release: Release) -> tuple[int, ...]:
    if release.hold is None or release.hold.trigger != stage_trigger(release.stage):
        return release.attempts
    return _asked_again(release, release.stage)


def _asked_again(release: Release, stage: int) -> tuple[int, ...]:
    """The attempts with one more of this stage."""
    return tuple(release.attempt_of(i) + (i == stage) for i in range(len(release.plan.stages)))


def _point(release: Release, step: int, revision: int) -> RampPoint:
    return RampPoint(revision=revision, step=step, share=release.plan.slice_share(step))


def _rearmed(release: Release, progress: Progress | None) -> dict[str, dict[str, int]]:
    if release.hold is None or progress is None:
        return release.rearmed
    kind, _, name = release.hold.trigger.partition(":")
    if kind in ("guardrail", "one_arm"):
        candidate, control = progress.positions.get(name, (0, 0))
        position = {"candidate": candidate, "control": control}
        if kind == "guardrail" and name in progress.log_e:
            # What has come since the resume before, upon what that one acknowledged.
            before = release.rearmed.get(release.hold.trigger, {}).get("log_e_micro", 0)
            position["log_e_micro"] = before + round(progress.log_e[name] * 1e6)
        return {**release.rearmed, release.hold.trigger: position}
    if kind in ("shadow", "shadow_limit", "measure") and progress.shadow is not None:
        return {**release.rearmed, release.hold.trigger: _shadow_position(kind, name, progress.shadow.totals)}
    if kind == "sample_ratio":
        candidate, control = progress.positions.get(ENROLLED, (0, 0))
        return {**release.rearmed, kind: {"candidate": candidate, "control": control}}
    if kind == "control_health":
        return {**release.rearmed, release.hold.trigger: _live_position(name, progress)}
    if kind == "labels":
        return {**release.rearmed, release.hold.trigger: _label_position(name, progress)}
    if kind == "limit":
        return {**release.rearmed, release.hold.trigger: {"after_us": progress.watermark_us}}
    if kind == "monitor":
        return {**release.rearmed, release.hold.trigger: {"after_us": progress.monitors_us}}
    return release.rearmed


def _live_position(metric: str, progress: Progress) -> dict[str, int]:
    found = next((one.at for one in progress.live if one.metric == metric), Position())
    return found.numbers()


def _label_position(metric: str, progress: Progress) -> dict[str, int]:
    found = next((one for one in progress.labels if one.metric == metric), None)
    labelled, missing = (found.labelled(), found.missing()) if found else ((0, 0), (0, 0))
    return {
        "candidate_labelled": labelled[0],
        "control_labelled": labelled[1],
        "candidate_missing": missing[0],
        "control_missing": missing[1],
    }


def _shadow_position(kind: str, name: str, totals: PairTotals) -> dict[str, int]:
    """Where a criterion of a shadow stage counts from once a person has seen what paused it."""
    if kind == "measure":
        count, total, squares = msgspec.structs.astuple(totals.measure(name))
        return {"count": count, "total": total, "squares": squares}
    candidate, baseline, both = msgspec.structs.astuple(totals.event(name))
    return {"units": totals.units, "candidate": candidate, "control": baseline, "both": both}
