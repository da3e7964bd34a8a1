"""A gateway host in real processes: ready, restarted, drained, and gone with its supervisor."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.core.fleet import HostStatus
from serinus.ports.telemetry_store import TelemetryStore

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
CLOCK = SystemClock()


@contextmanager
def _gateway(root: Path, workers: int = 2) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The supervisor and its readiness line; on leaving, it is killed if it still runs."""
    command = [sys.executable, "-m", "tests.process.gateway_main", str(root), str(workers)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def _await(what: Callable[[], bool], within_s: float = 20.0) -> None:
    end_ns = CLOCK.mono_ns() + int(within_s * 1e9)
    while not what():
        assert CLOCK.mono_ns() < end_ns, "did not come true in time"
        CLOCK.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _telemetry(root: Path) -> TelemetryStore:
    url = f"sqlite:///{root / 'stores'}"
    return open_stores(url, now_us=CLOCK.now_us, random_bytes=system_random)[1]


def _hosts(store: TelemetryStore) -> list[HostStatus]:
    with store.tx() as tx:
        return tx.hosts()


def test_a_ready_host_answers_restarts_what_dies_and_drains_clean(tmp_path: Path) -> None:
    """One port for all workers; a killed worker and a killed agent are replaced; SIGTERM leaves nothing behind."""
    with _gateway(tmp_path) as (supervisor, ready):
        assert ready["ready"] is True
        assert (ready["pid"], len(ready["workers"])) == (supervisor.pid, 2)
        assert _get(ready["port"], "/live") == 200
        store = _telemetry(tmp_path)
        _await(lambda: any(len(host.workers) == 2 for host in _hosts(store)))
        before = {worker.instance for worker in _hosts(store)[0].workers}
        os.kill(ready["workers"][0], signal.SIGKILL)
        os.kill(ready["agent"], signal.SIGKILL)

        def replaced() -> bool:
            names = {worker.instance for worker in _hosts(store)[0].workers if worker.pid}
            return len(names) == 2 and len(names - before) == 1

        _await(replaced)
        assert _get(ready["port"], "/live") == 200
        supervisor.send_signal(signal.SIGTERM)
        assert supervisor.wait(20) == 0
        assert _hosts(store) == []
        store.close()
    assert not any((tmp_path / "host" / "spool").iterdir())
    assert not any((tmp_path / "host" / "workers").iterdir())


def test_nobody_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    """Workers without a supervisor would hold the port and serve unwatched; the next start takes up their spools."""
    with _gateway(tmp_path) as (supervisor, ready):
        children = [*ready["workers"], ready["agent"]]
        assert all(map(_runs, children))
        supervisor.kill()
        _await(lambda: not any(map(_runs, children)))
    with _gateway(tmp_path, workers=1) as (supervisor, ready):
        store = _telemetry(tmp_path)
        _await(lambda: any([w.pid for w in host.workers] == ready["workers"] for host in _hosts(store)))
        _await(lambda: len(list((tmp_path / "host" / "spool").iterdir())) == 1)
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(20) == 0
        store.close()


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    """By its error, before any process is started."""
    probe = "from serinus.bootstrap.supervisor import _reserve; _reserve('127.0.0.1', {port})"
    with subprocess.Popen(
        [sys.executable, "-c", "import socket; s = socket.create_server(('127.0.0.1', 0)); "
         "print(s.getsockname()[1], flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        port = holder.stdout.readline().strip()
        done = subprocess.run(
            [sys.executable, "-c", probe.format(port=port)], capture_output=True, text=True, cwd=ROOT, check=False
        )
        holder.kill()
    assert f"127.0.0.1:{port}: cannot listen: Address already in use" in done.stderr
