"""Watch for gaps between what suites, shadow and users see, beside the tick, and tell each once (E3)."""

from __future__ import annotations

from serinus.control.apply import ACTOR
from serinus.control.compare_places import compare_places
from serinus.core.audit.entry import Action, Draft
from serinus.core.decision.side_by_side import Beside
from serinus.core.decision.standing import standing
from serinus.core.pipeline.stages import RolloutStage
from serinus.core.release.release import Release
from serinus.core.release.table import SERVING
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore, ControlTx, Notice
from serinus.ports.retry import run
from serinus.ports.telemetry_store import TelemetryStore

AT_ONCE = 10
"""Releases of one round: a thousand of them must not keep the process from its tick."""
_KIND = Action.TICK_GAP.value.rpartition(":")[2]


class WatchGaps:
    """One process's watch. `once` looks at the next few active releases, in turn."""

    def __init__(self, control: ControlStore, telemetry: TelemetryStore, clock: Clock) -> None:
        self._control = control
        self._telemetry = telemetry
        self._clock = clock
        self._last = ""

    def once(self, epoch: int) -> int:
        """How many gaps were told. Deposed when another leads."""
        with self._control.tx(epoch) as tx:
            found = sorted((one for one in tx.active_releases() if _comparable(one)), key=lambda one: one.id)
        coming = [one for one in found if one.id > self._last][:AT_ONCE]
        told = 0
        for release in coming:
            self._last = release.id  # one that cannot be looked at keeps nobody behind it from its turn
            told += self._look(release, epoch)
        if len(coming) < AT_ONCE:
            self._last = ""
        return told

    def _look(self, release: Release, epoch: int) -> int:
        now_us = self._clock.now_us()
        with self._control.tx(epoch) as tx:
            progress, results, revision = tx.progress(release.id), tx.stage_results(release.id), tx.revision()
        with self._telemetry.tx() as read:
            sums, hosts = read.sums(release.id), read.hosts()
            spreads = read.spreads_of([release.id]).get(release.id, {})
            now = standing(release, progress, sums, hosts, revision, now_us, results, spreads)
            rows = compare_places(read, now_us, release, now, results, sums, spreads)
        gaps = [row for row in rows if row.gap]
        if not gaps:
            return 0

        def work(tx: ControlTx) -> int:
            return sum(_told(tx, now_us, release, row) for row in gaps)

        return run(self._control, work, epoch)


def _comparable(release: Release) -> bool:
    """Whether anything was measured before, or beside, its users."""
    measured = any(not isinstance(stage, RolloutStage) for stage in release.plan.stages[: release.stage])
    return release.state in SERVING and measured


def _told(tx: ControlTx, now_us: int, release: Release, row: Beside) -> bool:
    """The notice and its entry in the trail; False when both are there already."""
    fresh = tx.enqueue(
        Notice(
            release=release.id,
            seq=0,
            kind=_KIND,
            subject=row.metric,
            body=row.gap,
            at_us=now_us,
            app=release.app,
            actor=ACTOR,
        )
    )
    if fresh:
        tx.append_audit(Draft(at_us=now_us, actor=ACTOR, action=Action.TICK_GAP, subject=release.id, reason=row.gap))
    return fresh
