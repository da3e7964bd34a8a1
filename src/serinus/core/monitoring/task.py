"""What is to be read: each declared monitor for each subject that it watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from serinus.core.monitoring.reading import Reading, Subject
from serinus.core.pipeline.app import AppState
from serinus.core.pipeline.monitor import Monitor
from serinus.core.release.release import Release
from serinus.core.release.table import SERVING
from serinus.core.routing.assignment import Arm

Key = tuple[str, str, Subject]
LONGEST_BACKOFF_S = 300.0


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One monitor to read for one subject. `version`: whose calls; `release` None outside of one."""

    app: str
    monitor: Monitor
    subject: Subject
    version: str = ""
    release: Release | None = None

    @property
    def key(self) -> Key:
        """What has one newest reading."""
        return self.app, self.monitor.name, self.subject

    @property
    def release_id(self) -> str:
        """The release that it is read for; empty outside of one."""
        return self.release.id if self.release else ""

    @property
    def arm(self) -> str:
        """The label that stands for `$arm`: `candidate`, or `live` for all that is not one."""
        return Arm.CANDIDATE.label if self.subject == "candidate" else "live"

    @property
    def known_by(self) -> tuple[str, str, str, str]:
        """All of what makes it another task: then it is due at once."""
        return self.monitor.digest, self.release_id, self.version, self.subject


def tasks(apps: Iterable[AppState], active: Iterable[Release]) -> Iterator[Task]:
    """A monitor watches the live version always, by what the app declares now; and a candidate while it receives
    traffic, by the plan of its release. What knows no arms is read once, unless the release has declared it otherwise.
    """
    declared: dict[str, tuple[Monitor, ...]] = {}
    for app in apps:
        name, plan = app.config.name, app.config.plan
        declared[name] = plan.monitors if plan else ()
        for monitor in declared[name]:
            if monitor.shared:
                yield Task(app=name, monitor=monitor, subject="app", version=app.live or "")
            elif app.live:
                yield Task(app=name, monitor=monitor, subject="live", version=app.live)
    for release in active:
        if not release.exposed or release.state not in SERVING:
            continue
        for monitor in release.plan.monitors:
            if not (monitor.shared and monitor in declared.get(release.app, ())):
                yield Task(
                    app=release.app, monitor=monitor, subject="candidate", version=release.candidate, release=release
                )


def reading_for(release: Release, monitor: Monitor, newest: Mapping[Key, Reading]) -> Reading | None:
    """The newest reading that counts for a release: its candidate's, else that of the app where no arms are known."""
    own = newest.get((release.app, monitor.name, "candidate"))
    if own is not None and own.release == release.id and own.definition == monitor.digest:
        return own
    return newest.get((release.app, monitor.name, "app")) if monitor.shared else None


def pause_s(monitor: Monitor, failures: int) -> float:
    """Seconds until it is read again: twice as long after every failure in a row, up to some minutes."""
    longest = max(monitor.every_s, LONGEST_BACKOFF_S)
    return float(min(longest, monitor.every_s * 2 ** min(failures, 10)))
