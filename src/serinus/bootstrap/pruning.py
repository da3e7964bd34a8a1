"""The part of a control process that forgets the units of releases that ended long ago."""

from __future__ import annotations

import threading
from collections.abc import Callable

from serinus.bootstrap.loops import keep_going
from serinus.control.prune_units import PruneUnits
from serinus.core.errors import Deposed
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

_EVERY_S = 600.0
_BETWEEN_S = 0.2
"""Between two batches, so that hosts that ship come first."""
_STANDBY_S = 5.0


def start_pruning(
    control: ControlStore,
    telemetry: TelemetryStore,
    clock: Clock,
    epoch: Callable[[], int | None],
    kept_days: float,
    stop: threading.Event,
) -> None:
    """Forget units in a thread of its own until `stop` is set, whenever `epoch` says that this process leads."""
    pruning = PruneUnits(control, telemetry, clock, kept_days)

    def step() -> float:
        leading = epoch()
        if leading is None:
            return _STANDBY_S
        try:
            return _BETWEEN_S if pruning.once(leading) else _EVERY_S
        except Deposed:
            return _STANDBY_S  # the tick learns of it by itself

    threading.Thread(target=keep_going, args=("pruning", step, stop), name="pruning", daemon=True).start()
