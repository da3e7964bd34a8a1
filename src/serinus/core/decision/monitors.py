"""Monitors of a release: which of them hold it up, and what a critical one leads to (I, J2)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.core.decision.wording import span
from serinus.core.monitoring.reading import Level, Reading
from serinus.core.pipeline.monitor import Monitor
from serinus.core.release.release import Release

_US_PER_S = 1_000_000


class MonitorSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The newest reading of one of the plan's monitors, `age_ms` old. `level` None: it was not read yet. `baseline`:
    the control's number, where it has one; `value`: the candidate's, where the monitor knows arms."""

    monitor: str
    level: Level | None = None
    text: str = ""
    age_ms: int = 0
    at_us: int = 0
    since_us: int = 0
    baseline: float | None = None
    value: float | None = None


class MonitorStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How a monitor stands for a release. `counts`: at this step it may hold up or act; `vetoed`: the control is beyond
    the same absolute threshold, so it may be the provider; `acknowledged`: a person resumed after this data."""

    monitor: Monitor
    level: Level
    text: str
    counts: bool
    vetoed: bool = False
    acknowledged: bool = False

    @property
    def trigger(self) -> str:
        """Its name as a trigger."""
        return trigger_of(self.monitor)

    @property
    def acts(self) -> bool:
        """Whether it leads to a pause or a rollback."""
        acting = self.monitor.action not in (None, "none")
        return self.counts and self.level == "critical" and acting and not self.acknowledged

    @property
    def blocks(self) -> str:
        """Why no step may be left, in a part of a sentence; empty when it may be."""
        if not (self.counts and self.monitor.required):
            return ""
        if self.level == "no-data":
            return f"no data of the required monitor {self.monitor.name}: {self.text}"
        return f"the required monitor {self.monitor.name} is critical: {self.text}" if self.level == "critical" else ""


def trigger_of(monitor: Monitor) -> str:
    """The name of a monitor as a trigger."""
    return f"monitor:{monitor.name}"


def see_monitor(monitor: Monitor, reading: Reading | None, age_ms: int) -> MonitorSeen:
    """What the tick saw of a monitor; a reading of another declaration is none."""
    if reading is None or reading.definition != monitor.digest:
        return MonitorSeen(monitor=monitor.name)
    return MonitorSeen(
        monitor=monitor.name,
        level=reading.level,
        text=reading.text,
        age_ms=age_ms,
        at_us=reading.at_us,
        since_us=reading.since_us,
        baseline=reading.baseline if reading.subject == "candidate" else None,
        value=reading.value if reading.subject == "candidate" else None,
    )


def judge_monitors(release: Release, seen: Sequence[MonitorSeen]) -> tuple[MonitorStanding, ...]:
    """The standing of each of the plan's monitors. What was not read, or is older than two readings, has no data."""
    found = {one.monitor: one for one in seen}
    return tuple(
        _standing(release, monitor, found.get(monitor.name, MonitorSeen(monitor=monitor.name)))
        for monitor in release.plan.monitors
    )


def counts_at(release: Release, monitor: Monitor) -> bool:
    """Whether a monitor may hold up or act at the release's step: from its own step on, and where its number comes at
    least once within the dwell. In a first release there is no baseline that a threshold could be relative to."""
    if release.step < 0 or (release.plan.first and monitor.relative):
        return False
    return release.step + 1 >= monitor.from_step and monitor.every_s <= release.plan.steps[release.step].dwell_s


def _standing(release: Release, monitor: Monitor, seen: MonitorSeen) -> MonitorStanding:
    level, text = _fresh(monitor, seen)
    critical = monitor.critical
    return MonitorStanding(
        monitor=monitor,
        level=level,
        text=text,
        counts=counts_at(release, monitor),
        vetoed=level == "critical"
        and critical is not None
        and not critical.relative
        and seen.baseline is not None
        and critical.crossed(seen.baseline, None),
        acknowledged=_acknowledged(release, monitor, seen),
    )


def _fresh(monitor: Monitor, seen: MonitorSeen) -> tuple[Level, str]:
    if seen.level is None:
        return "no-data", "it has not been read yet"
    if seen.age_ms > monitor.stale_s * 1000:
        return "no-data", f"its last reading is {span(seen.age_ms / 1000)} old"
    return seen.level, seen.text


def _acknowledged(release: Release, monitor: Monitor, seen: MonitorSeen) -> bool:
    """Whether a person resumed after this data. It counts again once its level began later, or when a whole window
    lies behind the resume; a wall clock that was set back acknowledges nothing."""
    after_us = release.rearmed.get(trigger_of(monitor), {}).get("after_us", 0)
    if not after_us or after_us > seen.at_us:
        return False
    return seen.since_us <= after_us and seen.at_us - monitor.window_s * _US_PER_S < after_us
