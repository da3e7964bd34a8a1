"""What a host reports of itself, and when: each second, and at once when a worker acknowledges a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from serinus.core.errors import InvalidInput
from serinus.core.fleet import HostStatus, WorkerStatus
from serinus.core.records.in_flight import OpenCall, view
from serinus.ports.host import Presence

QUIET_S = 10.0
"""Another agent's reports under this host's name end its own until they have ceased for so long."""


class HostReport:
    """The reports of one host, counted on from the one in the store.

    A name is one host's: were it two's, each would hide the other's workers, and a rollback would be confirmed while
    some of them still serve the candidate.
    """

    def __init__(self, host_id: str, every_s: float) -> None:
        self._host_id = host_id
        self._every_ns = int(every_s * 1e9)
        self._sent: HostStatus | None = None
        self._tried: HostStatus | None = None
        self._foreign: tuple[int, int] | None = None
        self._sent_mono_ns: int | None = None
        self._workers: tuple[WorkerStatus, ...] = ()
        self._spool_bytes = 0
        self._shipped_until_us: int | None = None
        self.is_begun = False

    def begin(self, stored: HostStatus | None) -> None:
        """Go on from the last report in the store, if this host has one."""
        self._sent = stored
        self.is_begun = True

    def check(self, stored: HostStatus | None, mono_ns: int) -> None:
        """InvalidInput while the report in the store is not this agent's last one: another host has the same name. Its
        name is free again when it has reported nothing for `QUIET_S`."""
        if stored is not None and stored == self._tried:
            self._sent = stored  # also when its commit looked cut
        if stored is None or (self._sent is not None and stored.beat == self._sent.beat):
            self._foreign = None
            return
        if self._foreign is None or self._foreign[0] != stored.beat:
            self._foreign = stored.beat, mono_ns
        if mono_ns - self._foreign[1] < QUIET_S * 1e9:
            raise InvalidInput(
                f"another gateway reports as {self._host_id} too, so this one serves the baseline only",
                where="--host-id",
                mend="give each gateway a name of its own",
            )
        self._sent, self._foreign = stored, None

    def observe(self, present: Sequence[Presence], spool_bytes: int, shipped_until_us: int | None) -> None:
        """Note what a round saw; `shipped_until_us` is the watermark once the round is committed, None when something
        is left to ship: then it stays where the last committed report put it.

        A living worker that has not reported counts as following no snapshot, so that no rollback is confirmed over
        its head.
        """
        self._workers = tuple(presence.status or _silent(presence.instance) for presence in present if presence.alive)
        self._spool_bytes = spool_bytes
        self._shipped_until_us = shipped_until_us

    def is_due(self, mono_ns: int) -> bool:
        """Whether to report although nothing was shipped."""
        if self._sent is None or self._sent_mono_ns is None or mono_ns - self._sent_mono_ns >= self._every_ns:
            return True
        return _acknowledged(self._workers) != _acknowledged(self._sent.workers)

    def status(self, open_calls: Iterable[OpenCall], mono_ns: int, clock_offset_us: int = 0) -> HostStatus:
        """The next report, from what was observed; `clock_offset_us` is this host's clock minus the store's."""
        before = self._sent or HostStatus(host=self._host_id, beat=0, shipped_until_us=0)
        self._tried = HostStatus(
            host=self._host_id,
            beat=before.beat + 1,
            shipped_until_us=before.shipped_until_us if self._shipped_until_us is None else self._shipped_until_us,
            workers=self._workers,
            in_flight=view(open_calls, mono_ns),
            spool_bytes=self._spool_bytes,
            clock_offset_us=clock_offset_us,
        )
        return self._tried

    def sent(self, status: HostStatus, mono_ns: int) -> None:
        """Note that a report is committed."""
        self._sent = status
        self._sent_mono_ns = mono_ns


def _silent(instance: str) -> WorkerStatus:
    return WorkerStatus(instance=instance, pid=0, acked=0, leased=False, dropped=0)


def _acknowledged(workers: Iterable[WorkerStatus]) -> tuple[tuple[str, int, bool], ...]:
    return tuple((worker.instance, worker.acked, worker.leased) for worker in workers)
