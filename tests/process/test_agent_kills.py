"""The real agent over SQLite and Parquet, with it and the writers of the spools killed again and again."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.stores import open_stores
from serinus.core.ids import RELEASE as RELEASE_PREFIX
from serinus.core.ids import id_text
from serinus.core.records.call import Call
from serinus.core.records.sums import SHADOW_STRATUM
from serinus.ports.event_log import CallQuery
from serinus.ports.telemetry_store import TelemetryStore
from tests.fake_workers import RELEASE
from tests.process.spool_child import PAIRED_UNITS

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
CALLS_EACH = 4000
WRITERS = 3
FAR_US = 2**60


def _agent(root: Path) -> subprocess.Popen[bytes]:
    arguments = ["--host-dir", str(root / "host"), "--store", f"sqlite:///{root / 'stores'}"]
    arguments += ["--segments", str(root / "segments"), "--host-id", "h1", "--ship-s", "0.02", "--flush-s", "0.1"]
    return subprocess.Popen([sys.executable, "-m", "serinus.bootstrap.agent", *arguments, "--batch-kb", "32"], cwd=ROOT)


@contextmanager
def _writer(root: Path, number: int) -> Iterator[subprocess.Popen[str]]:
    arguments = [str(root / "host"), str(number), str(number * 1_000_000), str(CALLS_EACH)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.process.spool_child", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _told(writer: subprocess.Popen[str], count: int) -> list[int]:
    """The calls it completed before it was killed, which is done once it has told of so many."""
    assert writer.stdout is not None
    numbers = [int(writer.stdout.readline()) for _ in range(count)]
    writer.kill()
    return numbers + [int(line) for line in writer.stdout.read().splitlines()]


def _await_empty(folder: Path, agent: subprocess.Popen[bytes]) -> None:
    clock = SystemClock()
    end_ns = clock.mono_ns() + 90_000_000_000
    while any(folder.iterdir()):
        assert clock.mono_ns() < end_ns, "the spools of dead workers were not taken up"
        with pytest.raises(subprocess.TimeoutExpired):
            agent.wait(0.05)


def _kill_and_restart(agent: subprocess.Popen[bytes], root: Path, after_s: float) -> subprocess.Popen[bytes]:
    with pytest.raises(subprocess.TimeoutExpired):
        agent.wait(after_s)
    agent.kill()
    agent.wait()
    return _agent(root)


def test_every_completed_call_is_counted_exactly_once_whoever_is_killed(tmp_path: Path) -> None:
    """Three writers and nine agents die by SIGKILL; sums, rollups and event log agree with what was completed, and of
    the pairs that all writers have of the same units each unit's first counts once."""
    chance = random.Random(7)
    agent = _agent(tmp_path)
    completed: list[int] = []
    try:
        for number in range(1, WRITERS + 1):
            with _writer(tmp_path, number) as writer:
                for _ in range(3):
                    agent = _kill_and_restart(agent, tmp_path, chance.uniform(0.7, 1.9))
                completed += _told(writer, chance.randrange(1000, CALLS_EACH))
        _await_empty(tmp_path / "host" / "spool", agent)
        agent.terminate()
        assert agent.wait(30) == 0
    finally:
        agent.kill()
        agent.wait()
    _, telemetry = open_stores(
        f"sqlite:///{tmp_path / 'stores'}", now_us=SystemClock().now_us, random_bytes=system_random
    )
    _check(telemetry, ParquetLog(tmp_path / "segments").calls(CallQuery()), completed)
    telemetry.close()


def _check(telemetry: TelemetryStore, rows: list[Call], completed: list[int]) -> None:
    ended = [row for row in rows if row.finished]
    assert len({row.call for row in rows}) == len(rows)
    assert len(ended) - len(completed) in range(WRITERS + 1), "each writer may die between an End and its line"
    assert len(rows) - len(ended) in range(1, WRITERS + 1), "each writer dies with one call open, or with none begun"
    with telemetry.tx() as tx:
        found = tx.sums(id_text(RELEASE_PREFIX, RELEASE))
        sums = {key.metric: total.total for key, total in found if key.stratum != SHADOW_STRATUM}
        pairs = {key.metric: total.total for key, total in found if key.stratum == SHADOW_STRATUM}
        rollups = {width_s: tx.app_rollups("support-bot", width_s, 0, FAR_US) for width_s in (1, 60)}
        assert tx.hosts() == []
    assert sums["enrolled"] == len({row.unit for row in rows})
    assert sums["call.error"] == len({row.unit for row in ended if row.events})
    assert len(completed) > PAIRED_UNITS
    assert pairs == {"pairs": PAIRED_UNITS, "call.error": PAIRED_UNITS}
    for buckets in rollups.values():
        assert sum(bucket.requests for bucket in buckets) == len(ended)
        assert sum(bucket.events.get(1, 0) for bucket in buckets) == sum(bool(row.events) for row in ended)
