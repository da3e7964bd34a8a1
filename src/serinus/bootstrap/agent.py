"""`python -m serinus.bootstrap.agent`: the host agent as a process."""

from __future__ import annotations

import argparse
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.host_dir import HostDir, boot_tag
from serinus.adapters.stores import open_stores
from serinus.agent.follow import Follower
from serinus.agent.renew import Lease
from serinus.agent.ship import Round, Shipper, ShipSettings
from serinus.bootstrap.loops import Health, keep_going, log_to_stderr, stop_on_signals
from serinus.core.errors import InvalidInput, SerinusError, StoreUnavailable
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

_ACK_PAUSE_S = 0.02
_FOLLOW_WAIT_S = 0.5
_LEASE_PAUSE_S = 0.2
_CLAIM_PAUSE_S = 0.1


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One host agent. `ship_s`: pause between rounds; `stop_s`: how long to try for the last round when stopping."""

    host_dir: Path
    store: str
    segments: Path
    host_id: str
    ship_s: float = 0.1
    stop_s: float = 10.0
    shipping: ShipSettings = ShipSettings()


def run_agent(settings: AgentSettings, stop: threading.Event, clock: Clock) -> int:
    """Ship, follow and renew until `stop` is set, then ship what is left; the exit code."""
    host = HostDir(settings.host_dir, clock.now_us)
    claimed = _claim(host, stop)
    stores = _open(settings.store, clock, stop) if claimed is not None else None
    if stores is None:
        return 0
    control, telemetry = stores
    log = ParquetLog(settings.segments)
    follower = Follower(host, control, clock)
    shipper = Shipper(
        settings.host_id,
        host,
        telemetry,
        log,
        clock,
        settings.shipping,
        measures=lambda: follower.measures,
        awaiting=lambda: follower.awaiting,
    )

    def watched_mono_ns() -> int:
        return min(shipper.shipped_mono_ns, follower.followed_mono_ns)

    lease = Lease(host, control, clock, boot_tag(), watched_mono_ns)
    _in_background(follower, lease, stop)
    ship = _Ship(shipper, follower, settings.ship_s)
    keep_going("ship", ship.step, stop)
    return _finish(shipper, clock, settings.stop_s)


class _Ship:
    """One round of the ship loop, and the pause behind it."""

    def __init__(self, shipper: Shipper, follower: Follower, ship_s: float) -> None:
        self._shipper = shipper
        self._follower = follower
        self._ship_s = ship_s
        self._faults: tuple[str, ...] = ()

    def step(self) -> float:
        done = self._shipper.round()
        if done.faults != self._faults:
            structlog.get_logger().error("spools that cannot be read on", faults=done.faults)
            self._faults = done.faults
        return self._pause_s(done)

    def _pause_s(self, done: Round) -> float:
        if done.records and not done.complete:
            return 0.0
        if done.acked is not None and done.acked < self._follower.revision:
            return _ACK_PAUSE_S  # an acknowledgement is awaited: a rollback may hang on it
        return self._ship_s


def _in_background(follower: Follower, lease: Lease, stop: threading.Event) -> None:
    def follow() -> float:
        follower.follow(_FOLLOW_WAIT_S)
        return 0.0

    def renew() -> float:
        lease.renew()
        return _LEASE_PAUSE_S

    for loop, step in (("follow", follow), ("lease", renew)):
        threading.Thread(target=keep_going, args=(loop, step, stop), name=loop, daemon=True).start()


def _claim(host: HostDir, stop: threading.Event) -> int | None:
    waiting = False
    while not stop.is_set():
        claimed = host.claim()
        if claimed is not None:
            return claimed
        if not waiting:
            structlog.get_logger().warning("another agent has this host directory: waiting for it to end")
            waiting = True
        stop.wait(_CLAIM_PAUSE_S)
    return None


def _open(url: str, clock: Clock, stop: threading.Event) -> tuple[ControlStore, TelemetryStore] | None:
    health = Health("store")
    pause_s = 0.05
    while not stop.is_set():
        try:
            stores = open_stores(url, now_us=clock.now_us, random_bytes=system_random)
        except StoreUnavailable as error:
            health.failed(error)
            stop.wait(pause_s)
            pause_s = min(1.0, pause_s * 2)
        else:
            health.worked()
            return stores
    return None


def _finish(shipper: Shipper, clock: Clock, stop_s: float) -> int:
    """The last round. What cannot be shipped in time stays in the spool, for the next agent of this host."""
    health = Health("last round")
    end_ns = clock.mono_ns() + int(stop_s * 1e9)
    while True:
        try:
            shipper.finish()
        except Exception as error:  # noqa: BLE001 - process edge: nothing is lost, it is only later
            health.failed(error)
            if clock.mono_ns() >= end_ns:
                return 1
            clock.sleep(0.1)
        else:
            return 0


def _parser() -> argparse.ArgumentParser:
    shipping = ShipSettings()
    parser = argparse.ArgumentParser(prog="serinus agent", description="The host agent of a gateway host.")
    parser.add_argument("--host-dir", type=Path, required=True, help="the directory it shares with the workers")
    parser.add_argument("--store", required=True, help="sqlite:///DIR or postgresql://…")
    parser.add_argument("--segments", type=Path, required=True, help="where the event log's Parquet files go")
    parser.add_argument("--host-id", default=socket.gethostname(), help="unique among hosts, the same after a restart")
    parser.add_argument("--ship-s", type=float, default=0.1, help="seconds between two looks at the spools")
    parser.add_argument("--stop-s", type=float, default=10.0, help="seconds to try for the last round")
    parser.add_argument("--flush-s", type=float, default=shipping.flush_s, help="seconds until calls are in the log")
    parser.add_argument("--flush-rows", type=int, default=shipping.flush_rows, help="calls that are logged at once")
    parser.add_argument("--batch-kb", type=int, default=shipping.batch_bytes >> 10, help="KiB of one spool per round")
    return parser


def main(argv: Sequence[str] | None = None, clock: Clock | None = None) -> int:
    """Run the agent with the options of this command line, by the machine's clock; the exit code."""
    options = _parser().parse_args(argv)
    log_to_stderr()
    stop = stop_on_signals()
    settings = AgentSettings(
        host_dir=options.host_dir,
        store=options.store,
        segments=options.segments,
        host_id=options.host_id,
        ship_s=options.ship_s,
        stop_s=options.stop_s,
        shipping=ShipSettings(
            batch_bytes=options.batch_kb << 10, flush_s=options.flush_s, flush_rows=options.flush_rows
        ),
    )
    try:
        return run_agent(settings, stop, clock or SystemClock())
    except SerinusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInput) else 1


if __name__ == "__main__":
    sys.exit(main())
