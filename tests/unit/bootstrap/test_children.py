"""Child processes: pauses before a restart, and an end in good time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from serinus.bootstrap.children import Child, stop_all
from tests.fake_workers import ManualClock

pytestmark = pytest.mark.process


class Starter:
    """Starts processes that run this Python code."""

    def __init__(self, code: str) -> None:
        self._code = code
        self.count = 0

    def start(self) -> subprocess.Popen[bytes]:
        self.count += 1
        return subprocess.Popen([sys.executable, "-c", self._code], stdout=subprocess.PIPE)


def _end(child: Child) -> int | None:
    child.process.wait()
    assert child.process.stdout is not None
    child.process.stdout.close()
    return child.tend()


def test_a_child_that_keeps_dying_is_started_with_growing_pauses() -> None:
    """0.1 s, doubled each time up to 5 s; a child that lived for ten seconds begins again at 0.1 s."""
    clock, starter = ManualClock(), Starter("raise SystemExit(3)")
    child = Child(starter.start, clock.mono_ns)
    for pause_s in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0):
        started = starter.count
        assert _end(child) == 3
        clock.advance(pause_s - 0.01)
        assert child.tend() is None
        assert starter.count == started
        clock.advance(0.02)
        child.tend()
        assert starter.count == started + 1
    clock.advance(11)
    assert _end(child) == 3
    clock.advance(0.11)
    child.tend()
    assert starter.count == 10
    child.process.wait()
    assert child.process.stdout is not None
    child.process.stdout.close()


@pytest.mark.parametrize(("ignores", "graceful"), [(False, True), (True, False)])
def test_stopping_asks_first_and_kills_at_the_end(ignores: bool, graceful: bool) -> None:
    """True only when every process ended by itself."""
    handler = "signal.SIG_IGN" if ignores else "lambda *_: sys.exit(0)"
    code = f"import signal, sys; signal.signal(signal.SIGTERM, {handler}); print('up', flush=True); signal.pause()"
    process = Starter(code).start()
    assert process.stdout is not None
    process.stdout.readline()
    clock = ManualClock()
    assert stop_all([process], 0.2 if ignores else 20.0, clock.mono_ns) is graceful
    assert process.returncode == (-9 if ignores else 0)
    process.stdout.close()
