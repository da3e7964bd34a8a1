"""A host directory, stores and an agent in one process, and what they hold counted up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from serinus.adapters.host_dir import HostDir
from serinus.adapters.memory_log import MemoryLog
from serinus.adapters.memory_telemetry import MemoryTelemetryStore
from serinus.agent.ship import Round, Shipper, ShipSettings
from serinus.core.fleet import HostStatus
from serinus.core.ids import RELEASE as RELEASE_PREFIX
from serinus.core.ids import id_text
from serinus.core.records.call import Call
from serinus.core.records.sums import Rollup
from serinus.ports.event_log import CallQuery, EventLog
from serinus.ports.host import Host
from serinus.ports.telemetry_store import TelemetryStore
from tests.fake_workers import RELEASE, FakeWorker, ManualClock

RELEASE_ID = id_text(RELEASE_PREFIX, RELEASE)
FAR_US = 2**60


class World:
    """Everything but the agent survives a crash; `shipper` is the agent of the moment."""

    def __init__(self, root: Path, log: EventLog | None = None, settings: ShipSettings | None = None) -> None:
        self.root = root
        self.clock = ManualClock()
        self.store: TelemetryStore = MemoryTelemetryStore()
        self.log: EventLog = log or MemoryLog()
        self.settings = settings or ShipSettings()
        self.host: Host = HostDir(root, self.clock.now_us)
        self.shipper = self.start_agent()

    def start_agent(self) -> Shipper:
        self.shipper = Shipper("host-1", self.host, self.store, self.log, self.clock, self.settings)
        return self.shipper

    def worker(self, number: int = 1) -> FakeWorker:
        return FakeWorker(self.root, number, self.clock)

    def segments(self, worker: FakeWorker) -> list[int]:
        """The numbers of a worker's segments that are still there."""
        return [segment.number for segment in self.host.segments(worker.instance)]

    def round(self) -> Round:
        return self.shipper.round()

    def sums(self) -> dict[tuple[str, int, int], int]:
        """(metric, stratum, arm) → total."""
        with self.store.tx() as tx:
            return {(key.metric, key.stratum, key.arm): total.total for key, total in tx.sums(RELEASE_ID)}

    def rollups(self, width_s: int = 1) -> list[Rollup]:
        with self.store.tx() as tx:
            return tx.app_rollups("support-bot", width_s, 0, FAR_US)

    def requests(self, width_s: int = 1) -> int:
        return sum(rollup.requests for rollup in self.rollups(width_s))

    def events(self, width_s: int = 1) -> Counter[int]:
        total: Counter[int] = Counter()
        for rollup in self.rollups(width_s):
            total.update(rollup.events)
        return total

    def report(self) -> HostStatus:
        with self.store.tx() as tx:
            (status,) = tx.hosts()
            return status

    def logged(self) -> list[Call]:
        return self.log.calls(CallQuery())
