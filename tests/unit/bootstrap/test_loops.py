"""Loops that outlive their errors."""

from __future__ import annotations

import threading

from structlog.testing import capture_logs

from serinus.bootstrap.loops import keep_going
from serinus.core.errors import Conflict, StoreUnavailable


def test_a_loop_outlives_errors_and_logs_each_change_of_state_once() -> None:
    """The same failure again is not news; another kind of failure is, and so is recovery."""
    stop = threading.Event()
    script: list[Exception | None] = [
        None,
        StoreUnavailable("gone"),
        StoreUnavailable("still gone"),
        Conflict("moved"),
        None,
        None,
        ValueError("odd"),
    ]

    def step() -> float:
        if not script:
            stop.set()
            return 0.0
        fault = script.pop(0)
        if fault is not None:
            raise fault
        return 0.0

    with capture_logs() as lines:
        keep_going("ship", step, stop)
    assert [(line["event"], line.get("kind") or line.get("after")) for line in lines] == [
        ("failing", "store_unavailable"),
        ("failing", "conflict"),
        ("recovered", "conflict"),
        ("failing", "ValueError"),
        ("recovered", "ValueError"),
    ]
    assert all(line["loop"] == "ship" for line in lines)
