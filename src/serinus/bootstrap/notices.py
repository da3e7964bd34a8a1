"""The deliverer of a control process: a thread that works while this process leads."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from serinus.adapters.apprise_notifier import AppriseNotifier
from serinus.bootstrap import settings as environment
from serinus.bootstrap.loops import keep_going
from serinus.control.deliver import Deliver
from serinus.core.errors import Deposed
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore

PERIOD_S = 0.5


def start_notices(
    store: ControlStore,
    clock: Clock,
    epoch: Callable[[], int | None],
    public_url: str,
    stop: threading.Event,
) -> None:
    """Deliver notices until `stop` is set, whenever `epoch` says that this process leads."""
    deliver = Deliver(store, AppriseNotifier(environment.variable), clock, _in_a_thread, public_url)

    def step() -> float:
        leading = epoch()
        if leading is not None:
            try:
                deliver.once(leading)
            except Deposed:
                return PERIOD_S  # the tick learns of it by itself
        deliver.wait(PERIOD_S)
        return 0.0

    threading.Thread(target=keep_going, args=("notices", step, stop), name="notices", daemon=True).start()


def _in_a_thread(job: Callable[[], None]) -> None:
    def run() -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - process edge: the delivery is planned again already
            structlog.get_logger().error("a notice could not be sent or marked", kind=type(error).__name__)

    threading.Thread(target=run, name="notice", daemon=True).start()
