"""How a release stands, on the wire."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.api.schemas.standing import StandingView
from serinus.core.decision.standing import NO_SPREADS, Spreads, Sums
from serinus.core.decision.standing import standing as judged
from serinus.core.fleet import HostStatus
from serinus.core.pipeline.stages import StageResult
from serinus.core.release.release import Progress, Release


def standing(
    release: Release,
    progress: Progress | None,
    sums: Sums,
    hosts: Sequence[HostStatus],
    revision: int,
    now_us: int,
    results: Sequence[StageResult],
    spreads: Spreads = NO_SPREADS,
) -> StandingView:
    """The standing of a release now. Rates and ages that nobody knows are null, never 0."""
    now = judged(release, progress, sums, hosts, revision, now_us, results, spreads)
    return StandingView.model_validate(msgspec.to_builtins(now))
