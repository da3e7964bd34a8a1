"""See the newest readings of a release's monitors, and how old they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from serinus.core.decision.monitors import MonitorSeen, see_monitor
from serinus.core.monitoring.reading import Reading
from serinus.core.monitoring.task import Key, reading_for
from serinus.core.release.release import Release
from serinus.ports.control_store import ControlTx


def read_readings(tx: ControlTx, releases: Iterable[Release]) -> dict[Key, Reading]:
    """The newest readings, by app, monitor and subject; nothing is read when no release has a monitor."""
    if not any(release.exposed and release.plan.monitors for release in releases):
        return {}
    return {(one.app, one.monitor, one.subject): one for one in tx.newest_readings()}


class ReadingSights:
    """When each reading was first seen, on the observer's monotonic clock: a wall clock that was set back must not
    keep an old reading young. Memory of one process."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], tuple[int, int]] = {}

    def see(self, release: Release, newest: Mapping[Key, Reading], now_us: int, now_ns: int) -> tuple[MonitorSeen, ...]:
        """What is seen of each of the plan's monitors, in its order; nothing before users see the candidate."""
        if not release.exposed:
            return ()
        seen = []
        for monitor in release.plan.monitors:
            reading = reading_for(release, monitor, newest)
            age_ms = 0 if reading is None else self._age_ms((release.id, monitor.name), reading.at_us, now_us, now_ns)
            seen.append(see_monitor(monitor, reading, age_ms))
        return tuple(seen)

    def forget_ended(self, active: set[str]) -> None:
        """Drop what was seen of releases that are over."""
        self._first = {key: first for key, first in self._first.items() if key[0] in active}

    def _age_ms(self, key: tuple[str, str], at_us: int, now_us: int, now_ns: int) -> int:
        """The greater one of both clocks' ages."""
        known = self._first.get(key)
        if known is None or known[0] != at_us:
            known = self._first[key] = (at_us, now_ns)
        return max(0, (now_us - at_us) // 1000, (now_ns - known[1]) // 1_000_000)
