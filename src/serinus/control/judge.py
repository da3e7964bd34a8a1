"""Judge releases: one leadership's memory of what it saw, and what to do when a release cannot be judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec
import structlog

from serinus.control.apply import apply, pause_for_error, remember
from serinus.control.observe import Hosts, ReleaseSight, observe_ending, observe_release, see_hosts, wanted
from serinus.control.observe_broken import counts_broken, name_versions_of, observe_broken
from serinus.control.observe_scores import ScoreMemory
from serinus.control.reads import Reads
from serinus.control.see_readings import ReadingSights
from serinus.control.turns import Turns
from serinus.core.decision.decision import ENDING, Decision, decide
from serinus.core.decision.observations import Gates, Observations, RuleBroken
from serinus.core.errors import Conflict, Deposed, FormatError, SerinusError, StoreUnavailable
from serinus.core.monitoring.reading import Reading
from serinus.core.monitoring.task import Key
from serinus.core.pipeline.app import AppState
from serinus.core.release.release import Progress, Release
from serinus.core.release.suspicion import Suspicion
from serinus.core.release.table import State
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

PATIENCE = 3
"""Rounds in a row in which a release's data may be unreadable before it is paused."""
LABELLED_AT_ONCE = 100
"""Releases whose labels are read on in a round, a question for each metric: what matures in minutes has time."""
T = TypeVar("T")


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A release with all that its judgement needs from the control store. `fault`: what of it could not be
    read; `frozen`: why it may take no step now; `suspicions`: those that keep it from going on."""

    release: Release
    stored: Progress | None = None
    app: AppState | None = None
    gates: Gates = Gates()
    readings: Mapping[Key, Reading] = {}
    fault: str = ""
    frozen: str = ""
    suspicions: tuple[Suspicion, ...] = ()


class Judge:
    """Made anew with every leadership, and after every gap in watching: what happened meanwhile was not seen."""

    def __init__(self, control: ControlStore, telemetry: TelemetryStore, clock: Clock, epoch: int) -> None:
        self._control = control
        self._telemetry = telemetry
        self._clock = clock
        self._log = structlog.get_logger()
        self.epoch = epoch
        self.hosts: Hosts = {}
        self._heard_ns = clock.mono_ns()
        self._sights: dict[str, ReleaseSight] = {}
        self._unreadable: dict[str, int] = {}
        self._readings = ReadingSights()
        self._labelled = Turns(LABELLED_AT_ONCE)
        self._scores = ScoreMemory()

    def look(self) -> None:
        """Read all hosts' reports. A host that has taken itself off, as one does that ends in order, is awaited as long
        as one that fell silent: it may be starting again."""
        with self._telemetry.tx() as tx:
            self.hosts = see_hosts(self.hosts, tx.hosts(), self._clock.mono_ns())
        self._heard_ns = max([self._heard_ns, *(host.beat_ns for host in self.hosts.values())])

    def judge(self, pending: Sequence[Pending]) -> list[Release]:
        """Observe, decide, apply: the releases after it. A fault of one stays its own; Deposed passes, and a store
        that is away ends the round.

        All are read in one transaction, and what those remember that do nothing else is stored in one.
        """
        now_us = self._clock.now_us()
        observed = self._observe_together(pending)
        after: list[Release] = []
        quiet: list[tuple[Pending, Decision]] = []
        for one in pending:
            decision = self._guarded(one, now_us, partial(self._decide, one, observed, now_us))
            if decision is None or not decision.commands:
                quiet += [(one, decision)] if decision else []
                after.append(one.release)
                continue
            carried_out = partial(apply, self._control, self.epoch, now_us, decision)
            after.append(self._guarded(one, now_us, carried_out) or one.release)
        self._remember(quiet, now_us)
        return after

    def forget_ended(self, active: set[str]) -> None:
        """Drop what was seen of releases that are over."""
        self._sights = {id: sight for id, sight in self._sights.items() if id in active}
        self._unreadable = {id: n for id, n in self._unreadable.items() if id in active}
        self._readings.forget_ended(active)
        self._scores.forget_ended(active)

    def _decide(self, one: Pending, observed: dict[str, Observations], now_us: int) -> Decision:
        if one.fault:
            raise FormatError(one.fault, where=one.release.id, mend="see which Serinus wrote it")
        seen = observed.get(one.release.id) or self._observe_alone(one)
        if counts_broken(seen):
            seen = msgspec.structs.replace(seen, broken=self._broken(one, seen))
        monitors = self._readings.see(one.release, one.readings, now_us, self._clock.mono_ns())
        seen = msgspec.structs.replace(
            seen, frozen=one.frozen, gates=one.gates, monitors=monitors, suspicions=one.suspicions
        )
        decision = decide(one.release, one.stored, seen, now_us)
        self._unreadable.pop(one.release.id, None)
        return decision

    def _observe_together(self, pending: Sequence[Pending]) -> dict[str, Observations]:
        """What is seen of all that serve a candidate; nothing when any of it cannot be read: then each is looked at
        alone, so that it is known whose fault it is."""
        now_ns = self._clock.mono_ns()
        serving = [one for one in pending if one.release.state not in ENDING and not one.fault]
        try:
            with self._telemetry.tx() as tx:
                reads = Reads(tx, self._scores)
                asked = [
                    wanted(one.release, self.hosts, now_ns, one.stored, self._sights.get(one.release.id))
                    for one in serving
                ]
                reads.ahead(asked, self._labelled.next(one.release for one in asked if one.labels))
            found = {one.release.id: self._observe(reads, one, now_ns) for one in serving}
        except Exception as error:  # noqa: BLE001 - whose fault it is shows when each is looked at alone
            self._log.warning("the releases could not be read together", why=repr(error))
            return {}
        self._sights |= {id: sight for id, (_, sight) in found.items()}
        return {id: seen for id, (seen, _) in found.items()}

    def _observe_alone(self, one: Pending) -> Observations:
        now_ns = self._clock.mono_ns()
        if one.release.state in ENDING:
            return observe_ending(one.release, self.hosts, now_ns)
        with self._telemetry.tx() as tx:
            seen, self._sights[one.release.id] = self._observe(Reads(tx, self._scores), one, now_ns)
        return seen

    def _observe(self, reads: Reads, one: Pending, now_ns: int) -> tuple[Observations, ReleaseSight]:
        before = self._sights.get(one.release.id)
        return observe_release(reads, one.release, one.app, self.hosts, before, now_ns, one.stored, self._heard_ns)

    def _broken(self, one: Pending, seen: Observations) -> tuple[RuleBroken, ...]:
        """In transactions of its own, as hardly any round asks for it. What takes a candidate back waits for no words:
        they are missing where these cannot be read."""
        try:
            with self._telemetry.tx() as tx:
                found = observe_broken(tx, one.release, one.app, seen)
            with self._control.tx(self.epoch) as names:
                return name_versions_of(names, one.release.app, found)
        except Deposed:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._log.warning("which rule was broken could not be read", release=one.release.id, why=repr(error))
            return ()

    def _remember(self, quiet: Sequence[tuple[Pending, Decision]], now_us: int) -> None:
        try:
            remember(self._control, self.epoch, [decision for _, decision in quiet])
        except (Deposed, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._log.warning("progress could not be stored together", why=repr(error))
            for one, decision in quiet:
                self._guarded(one, now_us, partial(apply, self._control, self.epoch, now_us, decision))

    def _guarded(self, one: Pending, now_us: int, work: Callable[[], T]) -> T | None:
        """What the work returns; None, and the release paused where that is right, when it fails."""
        id = one.release.id
        try:
            return work()
        except Deposed:
            raise
        except FormatError as error:
            self._log.error("the release could not be read", release=id, why=str(error))
            self._pause(one, now_us, error, passing=False)
        except Conflict as error:
            self._log.info("the release changed while it was judged", release=id, why=str(error))
        except SerinusError as error:
            self._unreadable[id] = self._unreadable.get(id, 0) + 1
            self._log.warning("the release could not be read", release=id, why=str(error))
            if self._unreadable[id] >= PATIENCE:
                self._pause(one, now_us, error, passing=True)
        except Exception as error:  # noqa: BLE001 - a bug in judging one release must not stop the others
            self._log.error("the release could not be judged", release=id, why=repr(error), exc_info=True)
            self._pause(one, now_us, error, passing=False)
        return None

    def _pause(self, one: Pending, now_us: int, error: Exception, *, passing: bool) -> None:
        release = one.release
        if release.state not in (State.RUNNING, State.WATCHING) and not one.fault:
            return
        try:
            what = f"{type(error).__name__}: {error}"
            pause_for_error(self._control, self.epoch, now_us, release, what, passing, afresh=bool(one.fault))
        except Deposed:
            raise
        except SerinusError as second:
            self._log.warning("the release could not be paused either", release=release.id, why=str(second))
