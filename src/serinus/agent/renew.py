"""Renew the lease of candidate shares while the control plane watches, and this host ships and follows."""

from __future__ import annotations

from collections.abc import Callable

from serinus.core.routing import lease
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore, Leader
from serinus.ports.host import Host


class Lease:
    """The dead-man switch of one host; for one thread.

    `watched_mono_ns` says when everything written on this host was last seen to be in the store, and the store's
    snapshot on this host: the older of both (0: not yet). The lease is good from the older of that and the last look
    before the one that found the leader's beat *changed*: a beat that merely stands in the store proves nobody alive,
    and one that changed while nobody looked (the agent was stopped, the store away) may have done so long ago.
    """

    def __init__(
        self, host: Host, store: ControlStore, clock: Clock, boot: int, watched_mono_ns: Callable[[], int]
    ) -> None:
        self._host = host
        self._store = store
        self._clock = clock
        self._boot = boot
        self._watched_mono_ns = watched_mono_ns
        self._seen: Leader | None = None
        self._looked_mono_ns = self._changed_mono_ns = 0
        found = lease.decode(host.lease())
        self._counter = found[0] if found else 0
        self._renewed_mono_ns = 0

    def renew(self) -> bool:
        """Look at the leader and write the lease if it is newer than the one written; True when it was."""
        now_mono_ns = self._clock.mono_ns()
        leader = self._store.leader()
        if leader is not None and self._seen is not None and leader != self._seen:
            self._changed_mono_ns = self._looked_mono_ns
        self._seen, self._looked_mono_ns = leader, now_mono_ns
        renewed_mono_ns = min(self._changed_mono_ns, self._watched_mono_ns())
        if renewed_mono_ns <= self._renewed_mono_ns:
            return False
        self._counter += 1
        self._host.write_lease(lease.encode(self._counter, renewed_mono_ns, self._boot))
        self._renewed_mono_ns = renewed_mono_ns
        return True
