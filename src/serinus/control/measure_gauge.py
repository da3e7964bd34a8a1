"""Measure a gauge of the product's own: an arm's rollups over the window, and those that it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from serinus.control.measure_scores import measure_scores
from serinus.control.measured_against import CONTROL, HOUR_S, LAST_WEEK, hour_last_week_us
from serinus.core.judging.standing import lag_of
from serinus.core.monitoring.measure import against, weigh
from serinus.core.monitoring.reading import Measured
from serinus.core.monitoring.task import Task
from serinus.core.pipeline.gauge import JUDGING_LAG, TRAFFIC
from serinus.core.pipeline.monitor import MetricSource, Monitor
from serinus.core.records.sums import Rollup
from serinus.core.routing.assignment import Arm
from serinus.ports.telemetry_store import TelemetryTx

BY_SECOND_UP_TO_S = 600.0
"""Longer windows are read by the minute."""
_US = 1_000_000
_OF_NOBODY = frozenset({int(Arm.SHADOW)})
_OF_LIVE = frozenset({int(Arm.SHADOW), int(Arm.CANDIDATE)})

Chosen = Callable[[Rollup], bool]


def measure_gauge(tx: TelemetryTx, task: Task, now_us: int) -> Measured:
    """The gauge that the task's monitor names, up to the newest shipped record. Without any host that ships there is
    no number, whatever the rollups say.

    A candidate is compared with the control of its release at the same time; where nothing is compared (the live
    version, the watch), with the same hour of the week in the last seven days.
    """
    monitor, name = task.monitor, _gauge(task.monitor)
    if name == JUDGING_LAG:
        return _lag(tx, task.app, now_us)
    shipped_us = max((host.shipped_until_us for host in tx.hosts()), default=0)
    if now_us - shipped_us > monitor.window_s * _US + monitor.every_s * _US:
        return Measured(fault="no gateway host has shipped a record within the window")
    until_us = min(now_us, shipped_us) if shipped_us else now_us
    if monitor.of_scores:
        return measure_scores(tx, task, name, until_us)
    release = task.release
    if release is None:
        seen = weigh(name, _of_app(tx, task, monitor, until_us), monitor.window_s)
        return against(seen, _last_week(tx, task, name, until_us), LAST_WEEK) if monitor.relative else seen
    rollups = _window(monitor, until_us, lambda width_s, start, end: tx.rollups(release.id, width_s, start, end))
    seen = weigh(name, _of_arm(rollups, Arm.CANDIDATE), monitor.window_s)
    if monitor.relative and release.plan.is_watch(release.step):
        return against(seen, _last_week(tx, task, name, until_us), LAST_WEEK)
    control = weigh(name, _of_arm(rollups, Arm.CONTROL), monitor.window_s)
    enough = monitor.relative or (control.samples or 0) >= max(1, monitor.least)
    return against(seen, control, CONTROL) if enough else seen


def _lag(tx: TelemetryTx, app: str, now_us: int) -> Measured:
    """Of all live judges of the app, in ms. Where no worker has ever looked there is no number."""
    waiting = tx.waiting_judgements(app)
    sampled_us = tx.sampled_until_us()
    lag_s, idle = lag_of([one.oldest_at_us for one in waiting], sampled_us, now_us)
    if not sampled_us:
        return Measured(fault=idle)
    return Measured(value=(lag_s or 0.0) * 1000)


def _gauge(monitor: Monitor) -> str:
    if not isinstance(monitor.source, MetricSource):
        raise ValueError(f"{monitor.name} is no gauge")
    return monitor.source.metric


def _window(monitor: Monitor, until_us: int, read: Callable[[int, int, int], list[Rollup]]) -> list[Rollup]:
    """The rollups of a window: whole buckets, the newest of which may not be complete."""
    width_s = 1 if monitor.window_s <= BY_SECOND_UP_TO_S else 60
    end = -(-until_us // (width_s * _US))
    start = end - max(1, round(monitor.window_s / width_s))
    return read(width_s, start * width_s * _US, end * width_s * _US)


def _of_app(tx: TelemetryTx, task: Task, monitor: Monitor, until_us: int) -> Iterable[Rollup]:
    found = _window(monitor, until_us, lambda width_s, start, end: tx.app_rollups(task.app, width_s, start, end))
    if _gauge(monitor) == TRAFFIC:
        return [one for one in found if one.arm not in _OF_NOBODY]
    # What a score reports names no version: it counts for the arm it was given in.
    return [one for one in found if one.arm not in _OF_LIVE and one.version in ("", task.version)]


def _of_arm(rollups: Iterable[Rollup], arm: Arm) -> Iterable[Rollup]:
    return [one for one in rollups if one.arm == arm]


def _last_week(tx: TelemetryTx, task: Task, name: str, until_us: int) -> Measured:
    """The whole clock hour of seven days ago, of all versions: what is live now may not have been then."""
    start_us = hour_last_week_us(until_us)
    found = tx.app_rollups(task.app, 60, start_us, start_us + HOUR_S * _US)
    left_out = _OF_NOBODY if name == TRAFFIC else _OF_LIVE
    return weigh(name, [one for one in found if one.arm not in left_out], HOUR_S)
