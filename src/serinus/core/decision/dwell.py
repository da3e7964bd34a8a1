"""The tick's memory of a release from one round to the next: served dwell, time held, data positions."""

from __future__ import annotations

import msgspec

from serinus.core.decision.freshness import SPOOL_DROPS, compared_arms
from serinus.core.decision.harm import Harm, renewed_positions
from serinus.core.decision.observations import LONGEST_ROUND_MS, Observations
from serinus.core.decision.ratios import FALL_BROKEN
from serinus.core.decision.shadow_dwell import shadow_stage
from serinus.core.decision.suspected import waited
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State


def begun(release: Release, stored: Progress | None, seen: Observations) -> Progress:
    """The stored progress if it is of this step, else a fresh one. Drops before a release began are not its own."""
    if stored is None:
        return Progress(release=release.id, step=release.step, dropped=seen.dropped)
    if stored.step != release.step:
        return Progress(
            release=release.id,
            step=release.step,
            dropped=stored.dropped,
            log_e=stored.log_e,
            renewals=stored.renewals,
            live=stored.live,
            live_until_us=stored.live_until_us,
        )
    return stored


def proceeded(release: Release, progress: Progress, seen: Observations, healthy: bool) -> Progress:
    """After this round. Time spent in health becomes dwell when both compared arms have answered a call since it
    began, so that no silence is ever served; wall clocks have no part in it. A pause's time is counted likewise."""
    elapsed_ms = min(seen.elapsed_ms, LONGEST_ROUND_MS)
    served = healthy and release.state is not State.PAUSED
    pending_ms = progress.pending_ms + elapsed_ms if served else 0
    answered = served and all(arm.age_ms < pending_ms for arm in compared_arms(release, seen))
    candidate, control = seen.enrolled()
    return msgspec.structs.replace(
        progress,
        dwell_ms=progress.dwell_ms + (pending_ms if answered else 0),
        pending_ms=0 if answered else pending_ms,
        seen_candidate=candidate if answered else progress.seen_candidate,
        seen_control=control if answered else progress.seen_control,
        positions=seen.positions,
        labels=seen.labels,
        watermark_us=seen.fleet.watermark_us or progress.watermark_us,
        monitors_us=max((one.at_us for one in seen.monitors), default=progress.monitors_us),
        dropped=_acknowledged(release, progress, seen),
        held_at_us=release.hold.at_us if release.hold else 0,
        held_ms=_held_ms(release, progress, elapsed_ms),
        stage=release.stage,
        attempt=_attempt(release),
        stage_ms=_stage_ms(release, progress, elapsed_ms),
        suspected_ms=waited(progress, seen.suspicions, elapsed_ms),
    )


def renewed(release: Release, progress: Progress, seen: Observations) -> Progress:
    """With evidence on events renewed where enough of them came."""
    renewals = renewed_positions(release, progress.renewals, seen.positions)
    return progress if renewals == progress.renewals else msgspec.structs.replace(progress, renewals=renewals)


def informed(progress: Progress, most: dict[str, float], harm: Harm | None) -> Progress:
    """With what guardrails on ratios and scores know by now. The largest information begins anew where a pause was for
    its loss: that is shown by then."""
    own = [one for one in harm.evidence if one.kind in ("ratio", "score")] if harm else []
    if not own:
        return progress
    ratios = [one for one in own if one.kind == "ratio"]
    lost = {one.metric for one in ratios if one.information < most.get(one.metric, 0.0) * FALL_BROKEN}
    return msgspec.structs.replace(
        progress,
        information={
            one.metric: one.information if one.metric in lost else max(one.information, most.get(one.metric, 0.0))
            for one in ratios
        },
        log_e={one.metric: one.log_e for one in own},
    )


def _attempt(release: Release) -> int:
    return release.attempt_of(release.stage)


def _stage_ms(release: Release, progress: Progress, elapsed_ms: int) -> int:
    same = (progress.stage, progress.attempt) == (release.stage, _attempt(release))
    spent_ms = progress.stage_ms if same else 0
    # Silence ends by itself or with the budget: who waits for pairs must not wait for ever.
    waits = shadow_stage(release) is not None and release.hold is not None and release.hold.auto_resume
    return spent_ms if release.state is State.PAUSED and not waits else spent_ms + elapsed_ms


def _held_ms(release: Release, progress: Progress, elapsed_ms: int) -> int:
    if release.hold is None:
        return 0
    return progress.held_ms + elapsed_ms if progress.held_at_us == release.hold.at_us else 0


def _acknowledged(release: Release, progress: Progress, seen: Observations) -> dict[str, int]:
    """Drops that need no pause any more: those of before, and all that a pause for drops has shown."""
    if release.hold is not None and release.hold.trigger == SPOOL_DROPS:
        return seen.dropped
    return {worker: n for worker, n in progress.dropped.items() if worker in seen.dropped}
