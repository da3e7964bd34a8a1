"""Loops at the edge of a process: they outlive every error, and say once when something begins or ceases to fail."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

import structlog

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def log_to_stderr() -> None:
    """One JSON line per event on standard error; standard output belongs to the command. A line that cannot be
    written (the disk is full) is lost, and nothing else."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: _Lines(),
    )


class _Lines:
    """What structlog writes to."""

    def msg(self, line: str) -> None:
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)

    debug = info = warning = error = critical = exception = msg


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set. Call it in the main thread.

    The handlers do nothing, since one could run inside the event's own lock; a thread learns of the signal from the
    wake-up pipe. Blocking and awaiting signals would not do: libraries start threads when they are imported, and
    those, with signals unblocked, would be ended by the first one and the process with them.
    """
    stop = threading.Event()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)  # a parent that blocks them hands that down

    def await_signal() -> None:
        os.read(reader, 1)
        stop.set()

    threading.Thread(target=await_signal, name="signals", daemon=True).start()
    return stop


class Health:
    """Whether something works, logged on each change."""

    def __init__(self, name: str) -> None:
        self._log = structlog.get_logger().bind(loop=name)
        self._failing = ""

    def failed(self, error: BaseException) -> None:
        """Note a failure; the same kind of failure again is not logged again."""
        kind = getattr(error, "code", type(error).__name__)
        if kind != self._failing:
            self._log.error("failing", error=str(error), kind=kind)
        self._failing = kind

    def worked(self) -> None:
        """Note a success."""
        if self._failing:
            self._log.info("recovered", after=self._failing)
        self._failing = ""


def keep_going(name: str, step: Callable[[], float], stop: threading.Event) -> None:
    """Call `step` until `stop` is set, waiting as many seconds in between as it returns; at most 1 s after failures."""
    health = Health(name)
    pause_s = failure_pause_s = _FIRST_PAUSE_S
    while not stop.is_set():
        try:
            pause_s = step()
        except Exception as error:  # noqa: BLE001 - process edge: whatever fails, the next round tries again
            health.failed(error)
            pause_s = failure_pause_s
            failure_pause_s = min(_LONGEST_PAUSE_S, failure_pause_s * 2)
        else:
            health.worked()
            failure_pause_s = _FIRST_PAUSE_S
        if pause_s > 0:
            stop.wait(pause_s)
