"""The recovery clock's watch of a control process: a thread that works while this process leads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from serinus.bootstrap.loops import keep_going
from serinus.control.watch_incidents import watch_incidents
from serinus.core.errors import Deposed
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.event_log import CallSearch
from serinus.ports.telemetry_store import TelemetryStore

PERIOD_S = 5.0


def start_incidents(
    control: ControlStore,
    telemetry: TelemetryStore,
    log: CallSearch | None,
    clock: Clock,
    epoch: Callable[[], int | None],
    stop: threading.Event,
) -> None:
    """Tell of what is late, and count the exposed, until `stop` is set, whenever `epoch` says that this process
    leads."""

    def step() -> float:
        leading = epoch()
        if leading is not None:
            try:
                watch_incidents(control, telemetry, log, leading, clock.now_us())
            except Deposed:
                return PERIOD_S  # the tick learns of it by itself
        return PERIOD_S

    threading.Thread(target=keep_going, args=("incidents", step, stop), name="incidents", daemon=True).start()
