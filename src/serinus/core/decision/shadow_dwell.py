"""The tick's memory of a shadow stage from one round to the next: its pairs, its dwell, and its peak."""

from __future__ import annotations

import msgspec

from serinus.core.decision.observations import LONGEST_ROUND_MS, Observations, ShadowSeen
from serinus.core.pipeline.stages import ShadowStage
from serinus.core.records.pair_totals import PairTotals
from serinus.core.release.release import Progress, Release, ShadowProgress
from serinus.core.release.table import State


def shadow_stage(release: Release) -> ShadowStage | None:
    """The shadow stage that a release is in; None in any other."""
    found = release.plan.stages[release.stage]
    return found if isinstance(found, ShadowStage) and not release.exposed else None


def shadow_proceeded(release: Release, stored: Progress, seen: Observations) -> ShadowProgress | None:
    """After this round. What came before the attempt is not its own, but for the first one of a release: there, nothing
    was mirrored before it."""
    found = seen.shadow
    if shadow_stage(release) is None or found is None:
        return stored.shadow
    before = _begun(release, stored.shadow, found)
    flows = mirrored(release, seen)
    elapsed_ms = min(seen.elapsed_ms, LONGEST_ROUND_MS)
    served = flows and release.state is not State.PAUSED and seen.override is None
    pending_ms = before.pending_ms + elapsed_ms if served else 0
    answered = served and found.flow.age_ms < pending_ms
    fresh = found.totals.units - before.totals.units
    steady = 0 < found.peak_since_us <= before.at_us
    return msgspec.structs.replace(
        before,
        totals=found.totals,
        at_us=seen.fleet.watermark_us or before.at_us,
        dwell_ms=before.dwell_ms + (pending_ms if answered else 0),
        pending_ms=0 if answered else pending_ms,
        peak_units=before.peak_units + (fresh if steady else 0),
    )


def mirrored(release: Release, seen: Observations) -> bool:
    """Whether pairs come in now: a shadow call was answered within the freshness window, as seen by this control, and
    every live host reports and ships."""
    if seen.shadow is None or not seen.fleet.live or seen.fleet.late:
        return False
    return seen.shadow.flow.seen and seen.shadow.flow.age_ms <= release.plan.freshness_s * 1000


def _begun(release: Release, stored: ShadowProgress | None, found: ShadowSeen) -> ShadowProgress:
    stage, attempt = release.stage, release.attempt_of(release.stage)
    if stored is not None and (stored.stage, stored.attempt) == (stage, attempt):
        return stored
    first = stored is None and attempt <= 1
    floor = PairTotals() if first else found.totals
    return ShadowProgress(stage=stage, attempt=attempt, floor=floor, totals=floor)
