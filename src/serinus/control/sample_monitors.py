"""Sample monitors: read what is due, outside of the tick, with bounds on time and number, and keep the readings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import structlog

from serinus.control.keep_reading import KEPT_S, keep_reading
from serinus.control.measure_gauge import measure_gauge
from serinus.core.errors import Deposed, SerinusError
from serinus.core.monitoring.reading import Measured, Reading
from serinus.core.monitoring.task import Key, Task, pause_s, tasks
from serinus.core.pipeline.monitor import HttpSource, MetricSource, PromqlSource, SqlSource
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.monitors import Probe, Question
from serinus.ports.telemetry_store import TelemetryStore

AT_ONCE = 8
TIDY_S = 600.0
_US = 1_000_000


class SampleMonitors:
    """One process's sampler. `once` starts what is due; each reading is a job of its own, of which `AT_ONCE` run at a
    time, and none twice at once. A source that fails is asked again more and more seldom.

    `start` runs a job beside the caller. When monitors were last read is known from the store, so that a restart
    neither reads all of them at once nor waits longer than it should.
    """

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        probe: Probe,
        clock: Clock,
        start: Callable[[Callable[[], None]], None],
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._probe = probe
        self._clock = clock
        self._start = start
        self._log = structlog.get_logger()
        self._lock = threading.Lock()
        self._due_ns: dict[Key, tuple[object, int]] = {}
        self._failures: dict[Key, int] = {}
        self._running: set[Key] = set()
        self._tidy_ns = 0

    def once(self, epoch: int) -> int:
        """Start what is due; how many jobs that were. Deposed when another leads."""
        now_ns, now_us = self._clock.mono_ns(), self._clock.now_us()
        with self._control.tx(epoch) as tx:
            found = list(tasks(tx.apps(), tx.active_releases()))
            newest = {(one.app, one.monitor, one.subject): one for one in tx.newest_readings()} if found else {}
        with self._lock:
            self._forget({task.key for task in found})
            for task in found:
                self._plan(task, newest.get(task.key), now_us, now_ns)
            chosen = self._take(found, now_ns)
        for task in chosen:
            self._start(self._job(task, epoch))
        self._tidy(epoch, now_us, now_ns)
        return len(chosen)

    def _plan(self, task: Task, before: Reading | None, now_us: int, now_ns: int) -> None:
        """Set when a task is due: a new declaration at once, one that this process has not seen by its last reading."""
        known, due_ns = self._due_ns.get(task.key, (None, 0))
        if known is None:
            every_s = task.monitor.every_s
            same = before is not None and (before.definition, before.release) == task.known_by[:2]
            age_s = max(0.0, (now_us - before.at_us) / _US) if same and before is not None else every_s
            due_ns = now_ns + int(max(0.0, every_s - age_s) * 1e9)
        elif known != task.known_by:
            due_ns = now_ns
        self._due_ns[task.key] = task.known_by, due_ns

    def _take(self, found: Sequence[Task], now_ns: int) -> list[Task]:
        """What is due and may run now; who has waited longest comes first."""
        due = [task for task in found if self._due_ns[task.key][1] <= now_ns and task.key not in self._running]
        due.sort(key=lambda task: self._due_ns[task.key][1])
        chosen = due[: AT_ONCE - len(self._running)]
        self._running |= {task.key for task in chosen}
        return chosen

    def _forget(self, declared: set[Key]) -> None:
        self._due_ns = {key: due for key, due in self._due_ns.items() if key in declared}
        self._failures = {key: n for key, n in self._failures.items() if key in declared}

    def _job(self, task: Task, epoch: int) -> Callable[[], None]:
        def job() -> None:
            begun_ns = self._clock.mono_ns()
            failed = True
            try:
                seen = measure(self._telemetry, self._probe, task, self._clock.now_us())
                keep_reading(self._control, epoch, self._clock.now_us(), task, seen)
                failed = bool(seen.fault)
            except Deposed:
                pass  # the reading is the next leader's to take
            except SerinusError as error:
                self._log.warning(
                    "a monitor could not be read", app=task.app, monitor=task.monitor.name, why=str(error)
                )
            finally:
                self._ended(task, begun_ns, failed)

        return job

    def _ended(self, task: Task, begun_ns: int, failed: bool) -> None:
        with self._lock:
            failures = self._failures.get(task.key, 0) + 1 if failed else 0
            self._failures[task.key] = failures
            if task.key in self._due_ns:
                wait_ns = int(pause_s(task.monitor, failures) * 1e9)
                self._due_ns[task.key] = self._due_ns[task.key][0], begun_ns + wait_ns
            self._running.discard(task.key)

    def _tidy(self, epoch: int, now_us: int, now_ns: int) -> None:
        if self._tidy_ns and now_ns - self._tidy_ns < TIDY_S * 1e9:
            return
        self._tidy_ns = now_ns
        with self._control.tx(epoch) as tx:
            tx.prune_readings(now_us - KEPT_S * _US)


def measure(telemetry: TelemetryStore, probe: Probe, task: Task, now_us: int) -> Measured:
    """What a task's source says now. SerinusError when a store of our own cannot be read."""
    monitor = task.monitor
    match monitor.source:
        case MetricSource():
            with telemetry.tx() as tx:
                return measure_gauge(tx, task, now_us)
        case SqlSource() | PromqlSource() | HttpSource() as source:
            return probe.measure(
                Question(
                    app=task.app,
                    source=source,
                    since_us=now_us - int(monitor.window_s * _US),
                    until_us=now_us,
                    timeout_s=monitor.timeout_s,
                    arm=task.arm,
                    version=task.version,
                    release=task.release_id,
                )
            )
