"""Bring the newest routing snapshot to this host: checked, in one piece, and never an older one."""

from __future__ import annotations

from serinus.core.errors import FormatError
from serinus.core.records.labels import Awaiting
from serinus.core.records.tally import Measures
from serinus.core.routing.snapshot import Snapshot, decode
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.host import Host


class Follower:
    """Keeps the host's snapshot as new as the store's; for one thread, `revision` and `followed_mono_ns` may be read
    from any. `followed_mono_ns`: when the store was last asked for a snapshot that the host then had (monotonic; 0:
    not yet). A host that cannot follow could not be told of a rollback either. `measures` and `awaiting` are those of
    the releases in the host's snapshot."""

    def __init__(self, host: Host, store: ControlStore, clock: Clock) -> None:
        self._host = host
        self._store = store
        self._clock = clock
        known = _on_disk(host)
        self.revision = known.revision if known else 0
        self.measures = _measures(known) if known else {}
        self.awaiting = _awaiting(known) if known else {}
        self.followed_mono_ns = 0

    def follow(self, wait_s: float) -> bool:
        """Wait for a hint, at most `wait_s`, and take the newest snapshot; True when the host got a newer one. Reads
        without a hint too: hints may be lost, and what failed the last time is tried again.

        FormatError for a snapshot that this Serinus cannot read, or that does not carry the revision it is stored
        under: the host keeps the one it has.
        """
        self._store.wait_change(wait_s)
        asked_mono_ns = self._clock.mono_ns()
        latest = self._store.latest_snapshot()
        newer = latest is not None and latest[0] > self.revision
        if latest is not None and newer:
            self._take(*latest)
        self.followed_mono_ns = asked_mono_ns
        return newer

    def _take(self, revision: int, raw: bytes) -> None:
        snapshot = decode(raw)
        if snapshot.revision != revision:
            raise FormatError("the snapshot carries another revision than the store gave it", mend="publish again")
        self._host.write_snapshot(raw)
        self.revision = revision
        self.measures, self.awaiting = _measures(snapshot), _awaiting(snapshot)


def _on_disk(host: Host) -> Snapshot | None:
    """What workers route by; None for nothing, or for what they cannot read either."""
    raw = host.snapshot()
    try:
        return decode(raw) if raw else None
    except FormatError:
        return None


def _measures(snapshot: Snapshot) -> Measures:
    releases = [app.release for app in snapshot.apps.values() if app.release is not None]
    return {release.id: release.measures for release in releases if release.measures}


def _awaiting(snapshot: Snapshot) -> Awaiting:
    releases = [app.release for app in snapshot.apps.values() if app.release is not None]
    return {release.id: frozenset(release.awaited) for release in releases if release.awaited}
