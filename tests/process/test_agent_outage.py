"""The real agent while its store is away: it stays, the lease lapses, and everything is shipped when it returns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.core.errors import StoreUnavailable
from serinus.core.ids import RELEASE as RELEASE_PREFIX
from serinus.core.ids import id_text
from serinus.core.routing import lease
from serinus.ports.control_store import ControlStore, Leader
from serinus.ports.telemetry_store import TelemetryStore
from tests import postgres
from tests.fake_workers import RELEASE, FakeWorker, begin, end, raw_call

pytestmark = [pytest.mark.process, pytest.mark.postgres]
ROOT = Path(__file__).parents[2]
CLOCK = SystemClock()


class Leading:
    """A control plane that does nothing but beat."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store
        leader = store.claim("control-1", None)
        assert leader is not None
        self._leader: Leader = leader

    def beat(self) -> None:
        self._leader = self._store.beat(self._leader)


def _await(what: Callable[[], bool], within_s: float = 30.0) -> None:
    end_ns = CLOCK.mono_ns() + int(within_s * 1e9)
    while not what():
        assert CLOCK.mono_ns() < end_ns, "did not come true in time"
        CLOCK.sleep(0.05)


def _write(worker: FakeWorker, numbers: range) -> None:
    for number in numbers:
        call = raw_call(number)
        worker.write(begin(call, CLOCK), end(call, CLOCK))


def _enrolled(telemetry: TelemetryStore) -> int:
    with telemetry.tx() as tx:
        return sum(total.total for _, total in tx.sums(id_text(RELEASE_PREFIX, RELEASE)))


def _renewed(host: Path) -> int:
    found = lease.decode((host / "lease").read_bytes()) if (host / "lease").exists() else None
    return found[1] if found else 0


def test_an_outage_of_the_store_lets_the_lease_lapse_and_loses_nothing(tmp_path: Path) -> None:
    """The same agent ships what was written meanwhile, each record once, and renews the lease again."""
    host = tmp_path / "host"
    worker = FakeWorker(host, 1, CLOCK)
    with postgres.server() as server:
        url = server.database("outage")
        control, telemetry = open_stores(url, now_us=CLOCK.now_us, random_bytes=system_random)
        leading = Leading(control)
        arguments = ["--host-dir", str(host), "--store", url, "--segments", str(tmp_path / "segments")]
        agent = subprocess.Popen([sys.executable, "-m", "serinus.bootstrap.agent", *arguments, "--host-id", "h1"])
        try:
            _write(worker, range(100))
            _await(lambda: _beaten(leading) and _enrolled(telemetry) == 100 and _renewed(host) > 0)
            server.stop()
            stopped_ns = CLOCK.mono_ns()
            _write(worker, range(100, 200))
            with pytest.raises(StoreUnavailable):
                _enrolled(telemetry)
            with pytest.raises(subprocess.TimeoutExpired):
                agent.wait(3)
            assert _renewed(host) <= stopped_ns
            server.start()
            _await(lambda: _beaten(leading) and _enrolled(telemetry) == 200 and _renewed(host) > stopped_ns)
            worker.die()
            _await(lambda: not any((host / "spool").iterdir()))
            agent.terminate()
            assert agent.wait(20) == 0
            assert _enrolled(telemetry) == 200
        finally:
            agent.kill()
            agent.wait()
            control.close()
            telemetry.close()


def _beaten(leading: Leading) -> bool:
    leading.beat()
    return True
