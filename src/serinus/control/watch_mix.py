"""Watch what users are handed over for, beside the tick, and tell a shift once (product.md I)."""

from __future__ import annotations

from serinus.control.apply import ACTOR
from serinus.core.audit.entry import Action, Draft
from serinus.core.decision.mix import judge_mix
from serinus.core.release.release import Release
from serinus.core.release.table import SERVING
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

_KIND = Action.TICK_MIX.value.rpartition(":")[2]


class WatchMix:
    """One process's watch over all releases whose arms are compared."""

    def __init__(self, control: ControlStore, telemetry: TelemetryStore, clock: Clock) -> None:
        self._control = control
        self._telemetry = telemetry
        self._clock = clock

    def once(self, epoch: int) -> int:
        """How many shifts were told. Deposed when another leads."""
        with self._control.tx(epoch) as tx:
            compared = {one.id: one for one in tx.active_releases() if _compared(one)}
        with self._telemetry.tx() as read:
            sums = read.sums_of(sorted(compared))
        found = [(compared[id], judge_mix(compared[id], own).text) for id, own in sorted(sums.items())]
        shifted = [(release, text) for release, text in found if text]
        if not shifted:
            return 0
        now_us = self._clock.now_us()
        return run(self._control, lambda tx: sum(_told(tx, now_us, *one) for one in shifted), epoch)


def _compared(release: Release) -> bool:
    return release.state in SERVING and release.exposed and not release.plan.is_watch(release.step)


def _told(tx: ControlTx, now_us: int, release: Release, text: str) -> bool:
    """The notice and its entry in the trail; False when both are there already."""
    fresh = tx.enqueue(
        Notice(
            release=release.id,
            seq=0,
            kind=_KIND,
            subject="mix",
            body=text,
            at_us=now_us,
            app=release.app,
            actor=ACTOR,
        )
    )
    if fresh:
        tx.append_audit(Draft(at_us=now_us, actor=ACTOR, action=Action.TICK_MIX, subject=release.id, reason=text))
    return fresh
