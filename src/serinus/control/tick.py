"""The tick: observe → decide → apply for every active release, once a second, by the one leader."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import structlog

from serinus.control.apply import ACTOR
from serinus.control.end_unreadable import end_unreadable
from serinus.control.frozen import frozen
from serinus.control.judge import Judge, Pending
from serinus.control.keep_tidy import keep_tidy
from serinus.control.lead import TAKEOVER_S, Lead
from serinus.control.read_gates import read_gates
from serinus.control.see_readings import read_readings
from serinus.control.start_waiting import start_waiting
from serinus.control.take_in_suspicions import take_in_suspicions
from serinus.core.audit.entry import Action, Draft
from serinus.core.decision.decision import ENDING
from serinus.core.errors import Conflict, Deposed, FormatError, InvalidInput
from serinus.core.monitoring.reading import Reading
from serinus.core.monitoring.task import Key
from serinus.core.pipeline.freeze import Freeze
from serinus.core.release.release import Release
from serinus.core.release.suspicion import Suspicion
from serinus.core.release.waiting import Waiting
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.docket import Docketed
from serinus.ports.telemetry_store import TelemetryStore

PERIOD_S = 1.0
CONFIRM_S = 0.05
"""How often hosts are asked while a rollback waits for their confirmation."""
GAP_S = 10.0
"""A round later than this (the process was stopped) begins with no memory: what happened meanwhile was not seen."""
TIDY_S = 600.0


class Tick:
    """One process's loop. `once` and `confirm` are its rounds, for a caller with a clock of its own; `run` is the
    thread's body.

    A fault in one release pauses or skips that release, never the others. A fault of a store ends the round; without
    whole rounds there is no beat, so that leases lapse and another control takes over.
    """

    def __init__(
        self,
        control: ControlStore,
        telemetry: TelemetryStore,
        clock: Clock,
        holder: str,
        *,
        takeover_s: float = TAKEOVER_S,
        period_s: float = PERIOD_S,
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._clock = clock
        self._log = structlog.get_logger()
        self._holder = holder
        self._period_s = period_s
        self._lead = Lead(control, holder, clock.mono_ns, takeover_s)
        self._judge: Judge | None = None
        self._round_ns = 0
        self._tidy_ns = 0
        self._wake = threading.Event()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Rounds until `stop`; short ones in between while a rollback waits for confirmation."""
        due_ns = 0
        while not self._stopping.is_set():
            self._wake.clear()
            full = self._clock.mono_ns() >= due_ns
            if full:
                due_ns = self._clock.mono_ns() + int(self._period_s * 1e9)
            pending = self._guarded(full)
            left_s = max(0.0, (due_ns - self._clock.mono_ns()) / 1e9)
            if not self._stopping.is_set():
                self._wake.wait(min(left_s, CONFIRM_S) if pending else left_s)

    def stop(self) -> None:
        """End `run` after the round it is in."""
        self._stopping.set()
        self._wake.set()

    def wake(self) -> None:
        """A person has acted: look now, not at the next second."""
        self._wake.set()

    def epoch(self) -> int | None:
        """The epoch in which this process leads; None while it stands by."""
        return self._lead.epoch()

    def once(self) -> bool:
        """A full round, if this process leads, and a beat after it; whether a release waits for confirmation."""
        judge = self._leading()
        if judge is None:
            return False
        judge.look()
        take_in_suspicions(self._control, self._telemetry, judge.epoch, self._clock.now_us())
        pending, waiting = self._docket(judge)
        active = {one.release.id for one in pending}
        judge.forget_ended(active)
        after = judge.judge(pending)
        start_waiting(self._control, self._telemetry, judge.epoch, self._clock.now_us(), waiting)
        now_ns = self._clock.mono_ns()
        if now_ns - self._tidy_ns > TIDY_S * 1e9:
            self._tidy_ns = now_ns
            keep_tidy(self._telemetry, judge.hosts, active, self._clock.now_us(), now_ns)
        self._lead.beat()
        return any(release.state in ENDING for release in after)

    def confirm(self) -> bool:
        """A short round: only releases that wait for confirmation; whether one still does."""
        judge = self._leading()
        if judge is None:
            return False
        pending = [one for one in self._docket(judge)[0] if one.release.state in ENDING]
        if not pending:
            return False
        judge.look()
        after = judge.judge(pending)
        return any(release.state in ENDING for release in after)

    def _guarded(self, full: bool) -> bool:
        try:
            return self.once() if full else self.confirm()
        except Deposed:
            self._log.warning("another control leads; this one stands by")
            self._lead.lose()
        except Exception as error:  # noqa: BLE001 - the thread is a process edge: no fault may end it
            self._log.error("a round of the tick failed", why=repr(error), exc_info=True)
        return False

    def _leading(self) -> Judge | None:
        """This leadership's judge; a new one, with no memory, at its start and after a gap."""
        leader = self._lead.take()
        if leader is None:
            return None
        now_ns = self._clock.mono_ns()
        gap = now_ns - self._round_ns > GAP_S * 1e9
        self._round_ns = now_ns
        if self._judge is None or self._judge.epoch != leader.epoch:
            self._announce(leader.epoch)
            gap = True
        if gap or self._judge is None:
            self._judge = Judge(self._control, self._telemetry, self._clock, leader.epoch)
        return self._judge

    def _announce(self, epoch: int) -> None:
        with self._control.tx(epoch) as tx:
            now_us = self._clock.now_us()
            tx.append_audit(Draft(at_us=now_us, actor=ACTOR, action=Action.LEADER_CHANGED, subject=self._holder))

    def _docket(self, judge: Judge) -> tuple[list[Pending], list[Waiting]]:
        """All active releases that can be read, and those that wait for an app that has none. One that cannot be read
        is judged by nobody, so nobody is served by it."""
        now_us = self._clock.now_us()
        with self._control.tx(judge.epoch) as tx:
            docket = tx.docket()
            readings = read_readings(tx, (one.release for one in docket if one.release is not None))
            freeze, held = tx.freeze(), tx.open_suspicions()
            pending = [
                _pending(tx, one, one.release, readings, freeze, now_us, held.get(one.id, ()))
                for one in docket
                if one.release is not None
            ]
            active = {one.app_name for one in docket}
            waiting = [one for one in tx.waiting() if one.app not in active]
        for one in docket:
            if one.release is None:
                self._take_back(judge, one)
        return pending, waiting

    def _take_back(self, judge: Judge, one: Docketed) -> None:
        self._log.error("a release cannot be read; it is taken back", release=one.id, why=one.fault)
        try:
            end_unreadable(self._control, judge.epoch, self._clock.now_us(), one)
        except (Conflict, FormatError) as error:
            self._log.error("it could not be taken back", release=one.id, why=str(error))


def _pending(
    tx: ControlTx,
    one: Docketed,
    release: Release,
    readings: Mapping[Key, Reading],
    freeze: Freeze | None,
    now_us: int,
    held: tuple[Suspicion, ...],
) -> Pending:
    if one.fault:
        return Pending(release=release, fault=one.fault)
    return Pending(
        release=release,
        stored=one.progress,
        app=one.app,
        gates=read_gates(tx, release),
        readings=readings,
        frozen=_frozen(freeze, release, now_us),
        suspicions=held,
    )


def _frozen(freeze: Freeze | None, release: Release, now_us: int) -> str:
    """A window that cannot be read any more, since its zone is unknown on this machine, holds as if it lasted."""
    try:
        return frozen(freeze, release.plan, now_us)
    except InvalidInput as error:
        return f"a freeze window cannot be read: {error}"
