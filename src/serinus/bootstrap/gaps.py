"""The watch for gaps and shifts of a control process: a thread that looks while this process leads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from serinus.bootstrap.loops import keep_going
from serinus.control.watch_gaps import WatchGaps
from serinus.control.watch_mix import WatchMix
from serinus.core.errors import Deposed
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

PERIOD_S = 5.0


def start_gaps(
    control: ControlStore,
    telemetry: TelemetryStore,
    clock: Clock,
    epoch: Callable[[], int | None],
    stop: threading.Event,
) -> None:
    """Watch until `stop` is set, whenever `epoch` says that this process leads."""
    gaps, mix = WatchGaps(control, telemetry, clock), WatchMix(control, telemetry, clock)

    def step() -> float:
        leading = epoch()
        if leading is not None:
            try:
                gaps.once(leading)
                mix.once(leading)
            except Deposed:
                return PERIOD_S  # the tick learns of it by itself
        return PERIOD_S

    threading.Thread(target=keep_going, args=("gaps", step, stop), name="gaps", daemon=True).start()
