"""What scores add up to within the windows of a plan's limits on them.

A window slides by whole minutes, and by a sixtieth of its length where that is more, releases at different minutes; its
minutes are complete. So each is asked once and remembered: whatever the window, a release reads 60 rows an arm in a
minute, and in most rounds none.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from serinus.core.decision.limits import trigger_of
from serinus.core.decision.mean_limits import mean_bucket
from serinus.core.decision.observations import Bucket
from serinus.core.pipeline.limit import Limit
from serinus.core.records.score_sums import WIDTH_S, ScoreSum
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.ports.score_sums import ArmScores, ScoreSumTx

SLIDES = 60
"""A window slides by this part of its length, or a minute."""
_WIDTH_US = WIDTH_S * 1_000_000


class ScoreWindow(NamedTuple):
    """What a `limit` of a release, by its place, asks: the scores of `metric` with from_us ≤ minute < to_us."""

    limit: int
    metric: str
    from_us: int
    to_us: int


def score_windows(release: Release, watermark_us: int) -> tuple[ScoreWindow, ...]:
    """The windows of the plan's limits on scores; none while nothing is shipped, and none where nothing lies between
    the resume of a pause and now."""
    if not watermark_us:
        return ()
    asked = (
        _window(release, index, limit, watermark_us)
        for index, limit in enumerate(release.plan.limits)
        if limit.of_scores
    )
    return tuple(one for one in asked if one.from_us < one.to_us)


def score_buckets(
    limit: Limit, index: int, windows: Iterable[ScoreWindow], read: Callable[[ScoreWindow], ArmScores]
) -> tuple[Bucket, ...]:
    """The window of a limit as one bucket; none where it has none, or no score came."""
    window = next((one for one in windows if one.limit == index), None)
    found = read(window) if window else {}
    if window is None or not found:
        return ()
    arms = (found.get((limit.metric, int(arm)), ScoreSum()) for arm in (Arm.CANDIDATE, Arm.CONTROL))
    return (mean_bucket(limit, window.from_us, *arms),)


class ScoreMemory:
    """The newest window of each limit. Memory of one process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[ScoreWindow, ArmScores]] = {}

    def read(self, tx: ScoreSumTx, asked: Mapping[str, Iterable[ScoreWindow]]) -> None:
        """Read what is not known of these releases yet, in one question for each pair of window and metric."""
        missing: dict[ScoreWindow, list[tuple[str, int]]] = {}
        for release, windows in asked.items():
            for one in windows:
                known = self._known.get((release, one.limit))
                if known is None or known[0] != one:
                    missing.setdefault(one._replace(limit=0), []).append((release, one.limit))
        for one, wanting in missing.items():
            found = tx.score_sums_of({release for release, _ in wanting}, {one.metric}, one.from_us, one.to_us)
            for release, index in wanting:
                self._known[release, index] = one._replace(limit=index), found.get(release, {})

    def of(self, release: str, window: ScoreWindow) -> ArmScores:
        """What was read of it."""
        known, found = self._known[release, window.limit]
        return found if known == window else {}

    def forget_ended(self, active: set[str]) -> None:
        """Drop what was seen of releases that are over."""
        self._known = {key: known for key, known in self._known.items() if key[0] in active}


def _window(release: Release, index: int, limit: Limit, watermark_us: int) -> ScoreWindow:
    slide = max(1, limit.buckets // SLIDES)
    phase = zlib.crc32(release.id.encode()) % slide
    end = (watermark_us // _WIDTH_US - phase) // slide * slide + phase
    after_us = release.rearmed.get(trigger_of(index), {}).get("after_us", 0)
    after = 0 if after_us > watermark_us else -(-after_us // _WIDTH_US)
    return ScoreWindow(index, limit.metric, max(end - limit.buckets, after) * _WIDTH_US, end * _WIDTH_US)
