"""Deliver notices: each to every target at least once, no target waiting for another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec

from serinus.control.answer_suspicion import release_or_none
from serinus.control.apply import ACTOR
from serinus.control.route_notices import escalate_notices, route_notices
from serinus.core.audit.entry import Action, Draft
from serinus.core.notices.kinds import ESCALATE
from serinus.core.notices.message import Subject, compose
from serinus.core.notices.retry import next_at_us, pause_s, rest_s
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore, ControlTx, Delivery, Notice
from serinus.ports.notifier import Notifier
from serinus.ports.retry import run

FLIGHT_S = 60.0
"""A sending that has not come back by then has failed, whatever its thread still does."""
LOST = "no answer within 60 s"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flight:
    """A sending under way."""

    delivery: Delivery
    began_ns: int


class Deliver:
    """The leader's deliverer. `once` begins what is due; `spawn` runs a job, usually in a thread of its own, and
    `wait` sleeps until a job has ended or the time is over.

    A target has one message on its way at a time. The attempt is counted, and its repetition planned, before anything
    is sent: whatever dies in between, the message is sent again after that pause and with the same id, so that nothing
    is lost, nothing is repeated in a rush, and a receiver can tell a repetition.
    """

    def __init__(
        self,
        store: ControlStore,
        notifier: Notifier,
        clock: Clock,
        spawn: Callable[[Callable[[], None]], None],
        public_url: str,
    ) -> None:
        self._store = store
        self._notifier = notifier
        self._clock = clock
        self._spawn = spawn
        self._public_url = public_url
        self._turn = threading.Lock()
        self._landed = threading.Event()
        self._flights: dict[str, _Flight] = {}
        self._resting_until_ns: dict[str, int] = {}

    def once(self, epoch: int) -> int:
        """Route, escalate, and begin every sending that is due; how many were begun. Deposed when another leads."""
        now_us = self._clock.now_us()
        escalate_notices(self._store, epoch, now_us)
        route_notices(self._store, epoch, now_us)
        self._give_up_flights(epoch)
        claimed = run(self._store, self._claim, epoch)
        for delivery, about in claimed:
            with self._turn:
                self._flights[delivery.target] = _Flight(delivery=delivery, began_ns=self._clock.mono_ns())
            self._spawn(partial(self._send, epoch, delivery, about))
        return len(claimed)

    def wait(self, timeout_s: float) -> None:
        """Until a sending has ended, at most this long."""
        self._landed.wait(timeout_s)
        self._landed.clear()

    def _claim(self, tx: ControlTx) -> list[tuple[Delivery, Subject]]:
        """Count an attempt at each delivery that is due and whose target is free."""
        now_us = self._clock.now_us()
        claimed = [_attempted(one, now_us) for one in tx.due_deliveries(now_us) if self._is_free(one.target)]
        tx.put_deliveries(claimed)
        return [(delivery, _subject(tx, delivery.notice)) for delivery in claimed]

    def _is_free(self, target: str) -> bool:
        with self._turn:
            resting = self._clock.mono_ns() < self._resting_until_ns.get(target, 0)
            return target not in self._flights and not resting

    def _send(self, epoch: int, delivery: Delivery, about: Subject) -> None:
        fault = "the sending broke off"
        try:
            fault = self._notifier.send(delivery.target, compose(about, self._public_url))
        finally:
            self._land(epoch, delivery, fault)

    def _land(self, epoch: int, delivery: Delivery, fault: str) -> None:
        """Record the end of a sending. One that was given up for lost still counts if it got through."""
        with self._turn:
            flight = self._flights.get(delivery.target)
            current = flight is not None and flight.delivery == delivery
            if not current and fault:
                return
        try:
            self._record(epoch, delivery, fault)
        finally:
            with self._turn:
                if current:
                    del self._flights[delivery.target]
            self._landed.set()

    def _record(self, epoch: int, delivery: Delivery, fault: str) -> None:
        if fault:
            with self._turn:
                rest_ns = int(rest_s(delivery.attempts) * 1e9)
                self._resting_until_ns[delivery.target] = self._clock.mono_ns() + rest_ns
        now_us = self._clock.now_us()
        run(self._store, lambda tx: _note(tx, delivery, fault, now_us), epoch)

    def _give_up_flights(self, epoch: int) -> None:
        now_ns = self._clock.mono_ns()
        with self._turn:
            lost = [flight for flight in self._flights.values() if now_ns - flight.began_ns > FLIGHT_S * 1e9]
            for flight in lost:
                del self._flights[flight.delivery.target]
        for flight in lost:
            self._record(epoch, flight.delivery, LOST)


def _attempted(delivery: Delivery, now_us: int) -> Delivery:
    attempts = delivery.attempts + 1
    again_us = now_us + round(pause_s(attempts) * 1e6)
    return msgspec.structs.replace(delivery, attempts=attempts, next_at_us=again_us)


def _note(tx: ControlTx, delivery: Delivery, fault: str, now_us: int) -> None:
    notice = tx.notice(delivery.notice)
    assert notice is not None, "a delivery without its notice"
    if not fault:
        tx.put_deliveries([msgspec.structs.replace(delivery, fault="", next_at_us=0, delivered_at_us=now_us)])
        if all(one.delivered_at_us for one in tx.deliveries([notice.id])):
            tx.mark_delivered(notice.id, now_us)
        return
    again_us = next_at_us(delivery.attempts, notice.routed_at_us, now_us)
    tx.put_deliveries([msgspec.structs.replace(delivery, fault=fault, next_at_us=again_us)])
    if not again_us:
        _audit_giving_up(tx, delivery, fault, now_us)


def _audit_giving_up(tx: ControlTx, delivery: Delivery, fault: str, now_us: int) -> None:
    reason = f"{delivery.target} was not reached in {delivery.attempts} attempts: {fault}"
    subject = f"notice {delivery.notice}"
    tx.append_audit(Draft(at_us=now_us, actor=ACTOR, action=Action.TICK_GAVE_UP, subject=subject, reason=reason))


def _subject(tx: ControlTx, id: int) -> Subject:
    notice = tx.notice(id)
    assert notice is not None, "a delivery without its notice"
    release = release_or_none(tx, notice.release)
    version = tx.version(release.candidate) if release else None
    return Subject(
        id=_stable_id(notice),
        number=notice.id,
        kind=notice.kind,
        app=notice.app or (release.app if release else ""),
        release=notice.release,
        candidate=version.name if version else "",
        reason=notice.body,
        acknowledge_by=_moment(notice.acknowledge_by_us),
        original=int(notice.subject) if notice.kind == ESCALATE else 0,
    )


def _stable_id(notice: Notice) -> str:
    """The same in every repetition: what is unique in the outbox."""
    return "/".join((notice.release or notice.app or "project", str(notice.seq), notice.kind, str(notice.id)))


def _moment(at_us: int) -> str:
    if not at_us:
        return ""
    return datetime.fromtimestamp(at_us // 1_000_000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
