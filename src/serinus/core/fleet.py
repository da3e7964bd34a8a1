"""What the hosts report: which revision each worker follows, how far records are shipped, what is in flight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec


class BreakerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's circuit breaker of one endpoint; `opened` counts how often it opened since the worker's start."""

    endpoint: str
    state: Literal["closed", "open", "half_open"]
    opened: int = 0


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A live gateway worker. `acked` is the snapshot revision it routes by; `leased`: it may serve candidates now;
    `dropped`: records that found no room in the spool since it started. `mirror_sent`: copies of requests sent to
    candidates since then; `mirror_dropped`: those not sent, and why by reason in `mirror_drops`. `breakers`: the
    circuit breakers that have opened since then. `reader`: the newest kind of snapshot that it serves in full (0: from
    before it was told)."""

    instance: str
    pid: int
    acked: int
    leased: bool
    dropped: int
    requests: int = 0
    mirror_sent: int = 0
    mirror_dropped: int = 0
    mirror_drops: dict[str, int] = {}
    breakers: tuple[BreakerStatus, ...] = ()
    reader: int = 0


class InFlight(msgspec.Struct, frozen=True, kw_only=True):
    """Calls begun and not ended, with the age of the oldest."""

    app: str
    release: str
    stratum: int
    arm: int
    count: int
    oldest_ms: int


class HostStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One host's report. `beat` counts reports; `shipped_until_us`: every record framed before this wall time is in
    the store; `clock_offset_us`: host clock minus the store's at the last report, 0 where the
    store has no clock of its own; `followed`: the snapshot revision on
    the host, by which every worker that starts there routes (None: an agent that does not tell)."""

    host: str
    beat: int
    shipped_until_us: int
    workers: tuple[WorkerStatus, ...] = ()
    in_flight: tuple[InFlight, ...] = ()
    spool_bytes: int = 0
    clock_offset_us: int = 0
    followed: int | None = None


SPEAKS = 3
"""Workers of an earlier reader answer 503 where nothing is live, instead of the app's message."""
LARGEST_OFFSET_S = 60
"""A host whose clock is further off the store's than this is told, and no time is counted by it."""


def is_off(host: HostStatus) -> bool:
    """Whether the host's clock is too far off for its wall times to stand beside those of others."""
    return abs(host.clock_offset_us) > LARGEST_OFFSET_S * 1_000_000


def is_mute(host: HostStatus) -> bool:
    """Whether a worker of the host cannot say the fallback message where nothing is live (H13)."""
    return any(worker.pid and worker.reader < SPEAKS for worker in host.workers)


def mute_sentence(host: str, apps: Sequence[str] = ()) -> str:
    """What is wrong with such a host, for which `apps` if they are known, and how it is mended."""
    of = f" of {', '.join(sorted(apps))}" if apps else ""
    return (
        f"Host {host} runs gateway workers of an earlier Serinus: where nothing is live they answer 503 instead of the "
        f"fallback message{of}; upgrade Serinus there"
    )


def in_time(hosts: Sequence[HostStatus]) -> list[HostStatus]:
    """The hosts whose wall times count: one clock that is an hour behind must not hold back what the others have
    shipped. All of them when no clock is right: then they can only be compared with each other."""
    return [host for host in hosts if not is_off(host)] or list(hosts)
