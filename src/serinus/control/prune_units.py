"""Forget the units of releases that ended long ago: who was enrolled, whose pair counted, whose label came.

What a decision used is stored with it, so that it replays without them; the sums of a release, which its page and its
report read, stay. Runs beside the tick, a batch in each transaction.
"""

from __future__ import annotations

from serinus.core.errors import FormatError
from serinus.core.release.release import Release
from serinus.core.release.table import FINAL
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

KEPT_DAYS = 30
"""How long units are kept after the end of their release: as long as a user's word on a call may take to come."""
BATCH = 2000
"""Rows that one transaction deletes: what waits for it, a host that ships, waits some hundredths of a second."""
_DAY_US = 86_400_000_000


class PruneUnits:
    """One process's. `once` takes the next step; whatever is cut short is taken up again, by whom ever it may be."""

    def __init__(
        self, control: ControlStore, telemetry: TelemetryStore, clock: Clock, kept_days: float = KEPT_DAYS
    ) -> None:
        self._control = control
        self._telemetry = telemetry
        self._clock = clock
        self._kept_us = round(kept_days * _DAY_US)
        self._due: list[str] = []

    def once(self, epoch: int) -> int:
        """Delete the next batch; how many rows. 0: nothing is due. Deposed when another leads."""
        self._due = self._due or self._find_due(epoch)
        while self._due:
            with self._telemetry.tx() as tx:
                deleted = tx.prune_units(self._due[0], self._clock.now_us(), BATCH)
            if deleted:
                return deleted
            self._due.pop(0)
        return 0

    def _find_due(self, epoch: int) -> list[str]:
        """What has ended long enough ago. A release that the store does not know, or cannot read, is left alone."""
        with self._telemetry.tx() as telemetry:
            kept = telemetry.releases_of_units()
        before_us = self._clock.now_us() - self._kept_us
        found = []
        with self._control.tx(epoch) as tx:
            for id in kept:
                try:
                    release = tx.release(id)
                except FormatError:
                    continue
                if release is not None and _ended_before(release, before_us):
                    found.append(id)
        return found


def _ended_before(release: Release, before_us: int) -> bool:
    """Releases of an earlier Serinus do not say when they ended: those are kept for as long again since they began."""
    return release.state in FINAL and 0 < (release.ended_at_us or _late(release.created_at_us)) <= before_us


def _late(created_at_us: int) -> int:
    return created_at_us + KEPT_DAYS * _DAY_US
