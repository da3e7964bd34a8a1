"""Measure the mean of a score: what came for an arm within the window, and for those that it is compared with."""

from __future__ import annotations

from serinus.control.measured_against import CONTROL, HOUR_S, LAST_WEEK, hour_last_week_us
from serinus.core.monitoring.measure import against, weigh_scores
from serinus.core.monitoring.reading import Measured
from serinus.core.monitoring.task import Task
from serinus.core.records.score_sums import WIDTH_S
from serinus.core.routing.assignment import Arm
from serinus.ports.score_sums import ScoreSumTx

_US = 1_000_000
_WIDTH_US = WIDTH_S * _US
_OF_LIVE = (Arm.REST, Arm.CONTROL, Arm.OVERRIDE)
"""A score names no version: it counts for the arm in which its answer was given. Pins may be to any version."""


def measure_scores(tx: ScoreSumTx, task: Task, name: str, until_us: int) -> Measured:
    """The mean of the scores that came within the window's minutes, the newest of which may not be complete. Whom it is
    compared with is as of other gauges."""
    monitor, release = task.monitor, task.release
    end = -(-until_us // _WIDTH_US)
    window = (end - max(1, round(monitor.window_s / WIDTH_S))) * _WIDTH_US, end * _WIDTH_US
    if release is None:
        seen = _of_live(tx, task.app, name, *window)
        return against(seen, _last_week(tx, task.app, name, until_us), LAST_WEEK) if monitor.relative else seen
    sums = tx.score_sums_of({release.id}, {name}, *window).get(release.id, {})
    seen = weigh_scores(name, [sums[name, Arm.CANDIDATE]] if (name, Arm.CANDIDATE) in sums else [])
    if monitor.relative and release.plan.is_watch(release.step):
        return against(seen, _last_week(tx, task.app, name, until_us), LAST_WEEK)
    control = weigh_scores(name, [sums[name, Arm.CONTROL]] if (name, Arm.CONTROL) in sums else [])
    enough = monitor.relative or (control.samples or 0) >= max(1, monitor.least)
    return against(seen, control, CONTROL) if enough else seen


def _of_live(tx: ScoreSumTx, app: str, name: str, from_us: int, to_us: int) -> Measured:
    sums = tx.app_score_sums(app, {name}, from_us, to_us)
    return weigh_scores(name, (sums[name, arm] for arm in _OF_LIVE if (name, arm) in sums))


def _last_week(tx: ScoreSumTx, app: str, name: str, until_us: int) -> Measured:
    start_us = hour_last_week_us(until_us)
    return _of_live(tx, app, name, start_us, start_us + HOUR_S * _US)
