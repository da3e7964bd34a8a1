"""What a release waits for, where the reason that it stopped for does not say so any more."""

from __future__ import annotations

from serinus.core.release.release import Progress, Release


def now_waiting(release: Release, progress: Progress | None) -> str:
    """As of the tick's last round; empty when its reason says it. Of pauses only what is suspected changes: with each
    answer, while the reason stays that of the pause."""
    changes = release.hold is None or release.hold.trigger == "suspicion"
    return progress.waiting if progress and changes else ""
