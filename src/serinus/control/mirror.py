"""When requests are mirrored, and how: what the snapshot says of a shadow stage."""

from __future__ import annotations

from serinus.core.decision.shadow_dwell import shadow_stage
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.routing.snapshot import Mirror

_NANO = 1_000_000_000


def mirror_of(release: Release) -> Mirror | None:
    """What is mirrored now; None when nothing is. A pause stops it, but for one that waits for pairs to come: without
    mirroring it would wait for ever."""
    stage = shadow_stage(release)
    waiting = release.hold is not None and release.hold.auto_resume
    if stage is None or not (release.state is State.RUNNING or (release.state is State.PAUSED and waiting)):
        return None
    return Mirror(
        share=stage.share,
        max_concurrency=stage.max_concurrency,
        max_cost_nano=round(stage.max_cost_usd * _NANO),
    )
