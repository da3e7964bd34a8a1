"""Judge releases: one leadership's memory of what it saw, and what to do when a release cannot be judged."""

from __future__ import annotations

import msgspec
import structlog

from serinus.control.apply import apply, pause_for_error
from serinus.control.observe import Hosts, ReleaseSight, observe_ending, observe_release, see_hosts
from serinus.core.decision.decision import ENDING, decide
from serinus.core.decision.observations import Gates, Observations
from serinus.core.errors import Conflict, Deposed, SerinusError
from serinus.core.pipeline.app import AppState
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

PATIENCE = 3
"""Rounds in a row in which a release's data may be unreadable before it is paused."""
_NONE = Gates()


class Judge:
    """Made anew with every leadership, and after every gap in watching: what happened meanwhile was not seen."""

    def __init__(self, control: ControlStore, telemetry: TelemetryStore, clock: Clock, epoch: int) -> None:
        self._control = control
        self._telemetry = telemetry
        self._clock = clock
        self._log = structlog.get_logger()
        self.epoch = epoch
        self.hosts: Hosts = {}
        self._sights: dict[str, ReleaseSight] = {}
        self._unreadable: dict[str, int] = {}

    def look(self) -> None:
        """Read all hosts' reports."""
        with self._telemetry.tx() as tx:
            self.hosts = see_hosts(self.hosts, tx.hosts(), self._clock.mono_ns())

    def judge(self, release: Release, stored: Progress | None, app: AppState | None, gates: Gates = _NONE) -> Release:
        """Observe, decide, apply: the release after it. A fault here stays here; only Deposed passes."""
        now_us = self._clock.now_us()
        try:
            seen = msgspec.structs.replace(self._observe(release, app), gates=gates)
            decision = decide(release, stored, seen, now_us)
            return apply(self._control, self.epoch, now_us, decision)
        except Deposed:
            raise
        except Conflict as error:
            self._log.info("the release changed while it was judged", release=release.id, why=str(error))
        except SerinusError as error:
            self._unreadable[release.id] = self._unreadable.get(release.id, 0) + 1
            self._log.warning("the release could not be read", release=release.id, why=str(error))
            if self._unreadable[release.id] >= PATIENCE:
                self._pause(release, now_us, error, passing=True)
        except Exception as error:  # noqa: BLE001 - a bug in judging one release must not stop the others
            self._log.error("the release could not be judged", release=release.id, why=repr(error), exc_info=True)
            self._pause(release, now_us, error, passing=False)
        return release

    def forget_ended(self, active: set[str]) -> None:
        """Drop what was seen of releases that are over."""
        self._sights = {id: sight for id, sight in self._sights.items() if id in active}
        self._unreadable = {id: n for id, n in self._unreadable.items() if id in active}

    def _observe(self, release: Release, app: AppState | None) -> Observations:
        now_ns = self._clock.mono_ns()
        if release.state in ENDING:
            return observe_ending(release, self.hosts, now_ns)
        with self._telemetry.tx() as tx:
            seen, sight = observe_release(tx, release, app, self.hosts, self._sights.get(release.id), now_ns)
        self._sights[release.id] = sight
        self._unreadable.pop(release.id, None)
        return seen

    def _pause(self, release: Release, now_us: int, error: Exception, *, passing: bool) -> None:
        if release.state not in (State.RUNNING, State.WATCHING):
            return
        try:
            pause_for_error(self._control, self.epoch, now_us, release, f"{type(error).__name__}: {error}", passing)
        except Deposed:
            raise
        except SerinusError as second:
            self._log.warning("the release could not be paused either", release=release.id, why=str(second))
