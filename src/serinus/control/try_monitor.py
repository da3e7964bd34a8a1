"""Read a monitor once, now, and keep nothing: to see what it would say."""

from __future__ import annotations

from serinus.control.lookup import app_of
from serinus.control.sample_monitors import measure
from serinus.core.errors import Conflict, NotFound
from serinus.core.monitoring.level import next_reading
from serinus.core.monitoring.reading import Reading
from serinus.core.monitoring.task import Task, tasks
from serinus.core.pipeline.monitor import Monitor
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.monitors import Probe
from serinus.ports.telemetry_store import TelemetryStore


def try_monitor(
    control: ControlStore, telemetry: TelemetryStore, probe: Probe, now_us: int, app: str, name: str
) -> list[Reading]:
    """A reading for each subject that it watches now. NotFound when the app declares no such monitor; Conflict when
    there is nothing to watch yet."""
    with control.tx() as tx:
        state = app_of(tx, app)
        found = [one for one in watched(tx, app) if one.monitor.name == name]
        monitors = state.config.plan.monitors if state.config.plan else ()
    known = sorted(monitor.name for monitor in monitors)
    if not found and name not in known:
        raise NotFound(
            f"{app} declares no monitor {name!r}", where="monitor", mend=f"known: {', '.join(known) or 'none yet'}"
        )
    if not found:
        raise Conflict("no version is live, so there is nothing to watch", where="app", mend="make one live first")
    return [_read(telemetry, probe, task, now_us) for task in found]


def watched(tx: ControlTx, app: str) -> list[Task]:
    """What is read for an app now, in the order of its declaration."""
    state = app_of(tx, app)
    return list(tasks([state], [release for release in tx.active_releases() if release.app == app]))


def monitors_of(tx: ControlTx, app: str) -> list[tuple[Monitor, list[Reading]]]:
    """All monitors that are read for an app, by what it declares now and by the plan of its release, each with the
    newest readings of that declaration."""
    newest = tx.newest_readings(app)
    state = app_of(tx, app)
    declared = list(state.config.plan.monitors) if state.config.plan else []
    for task in watched(tx, app):
        if task.monitor not in declared:
            declared.append(task.monitor)
    return [(one, [r for r in newest if r.monitor == one.name and r.definition == one.digest]) for one in declared]


def _read(telemetry: TelemetryStore, probe: Probe, task: Task, now_us: int) -> Reading:
    seen = measure(telemetry, probe, task, now_us)
    return next_reading(
        task.monitor, seen, None, app=task.app, subject=task.subject, release=task.release_id, at_us=now_us
    )
