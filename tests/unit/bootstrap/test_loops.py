"""Loops that outlive their errors."""

from __future__ import annotations

import errno
import io
import json
import threading
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from serinus.bootstrap.loops import keep_going, log_to_stderr
from serinus.core.errors import Conflict, StoreUnavailable
from serinus.gateway.log import Log


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Leave logging as it was."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


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


class _FullDisk(io.StringIO):
    """A stream on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")


def test_a_log_that_cannot_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that fails while the disk of its log is full goes on, and so does the worker's log."""
    monkeypatch.setattr("sys.stderr", _FullDisk())
    stop, rounds = threading.Event(), []

    def fail_twice() -> float:
        rounds.append(1)
        if len(rounds) == 2:
            stop.set()
        raise OSError(errno.ENOSPC, "no space left on device")

    log_to_stderr()
    keep_going("ship", fail_twice, stop)
    Log(_FullDisk(), lambda: 0, lambda: 0).write("info", "listening")
    assert len(rounds) == 2


def test_a_failure_is_logged_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """The traceback is in the line, so that a fault in a round of the tick can be found."""
    log_to_stderr()
    try:
        raise ValueError("torn")
    except ValueError:
        structlog.get_logger().error("a round of the tick failed", exc_info=True)
    assert "test_loops.py" in json.loads(capsys.readouterr().err)["exception"]
