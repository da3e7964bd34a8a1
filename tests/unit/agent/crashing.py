"""Ports that stop the agent before and after each of their calls, one place per run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serinus.adapters.host_dir import HostDir
from tests.fake_workers import ManualClock


class Crash(BaseException):
    """The process was killed here. No handler may swallow it."""


class CrashPoints:
    """Counts the places passed, and crashes at the one asked for (1, 2, …; 0: nowhere)."""

    def __init__(self) -> None:
        self.passed = 0
        self.crash_at = 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.crash_at:
            raise Crash


class Crashing:
    """An object whose calls have a crash point before and after them."""

    def __init__(self, target: Any, points: CrashPoints) -> None:
        self._target = target
        self._points = points

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._target, name)

        def crashing(*args: Any, **named: Any) -> Any:
            self._points.point()
            result = call(*args, **named)
            self._points.point()
            return result

        return crashing


class CrashingDirectory(HostDir):
    """A host directory that can also be cut short in the middle of deleting what a worker left."""

    def __init__(self, root: Path, clock: ManualClock, points: CrashPoints) -> None:
        super().__init__(root, clock.now_us)
        self._points = points

    def remove_segment(self, instance: str, number: int) -> None:
        self._points.point()
        super().remove_segment(instance, number)
        self._points.point()


class CrashingStore:
    """A telemetry store with crash points in its transactions, and behind the commit."""

    def __init__(self, store: Any, points: CrashPoints) -> None:
        self._store = store
        self._points = points

    @contextmanager
    def tx(self) -> Iterator[Any]:
        self._points.point()
        with self._store.tx() as tx:
            yield Crashing(tx, self._points)
            self._points.point()
        self._points.point()

    def close(self) -> None:
        self._store.close()
