"""The sampler of a control process: monitors are read beside the tick while this process leads."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from serinus.bootstrap.loops import keep_going
from serinus.control.sample_monitors import SampleMonitors
from serinus.core.errors import Deposed
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.monitors import Probe
from serinus.ports.telemetry_store import TelemetryStore

PERIOD_S = 0.5


def start_monitors(
    control: ControlStore,
    telemetry: TelemetryStore,
    probe: Probe,
    clock: Clock,
    epoch: Callable[[], int | None],
    stop: threading.Event,
) -> None:
    """Sample monitors until `stop` is set, whenever `epoch` says that this process leads."""
    sampler = SampleMonitors(control, telemetry, probe, clock, _in_a_thread)

    def step() -> float:
        leading = epoch()
        if leading is not None:
            try:
                sampler.once(leading)
            except Deposed:
                return PERIOD_S  # the tick learns of it by itself
        return PERIOD_S

    threading.Thread(target=keep_going, args=("monitors", step, stop), name="monitors", daemon=True).start()


def _in_a_thread(job: Callable[[], None]) -> None:
    def run() -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - process edge: the monitor is due again by itself
            structlog.get_logger().error("a monitor could not be read", kind=type(error).__name__)

    threading.Thread(target=run, name="monitor", daemon=True).start()
