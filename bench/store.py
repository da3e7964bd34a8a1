"""What the stores cost: a tick's transaction and an agent's batch, against one bare commit of the same database.

`python bench/store.py [--json] [--rounds N]` runs SQLite and PostgreSQL (the wheel of the dev extra), each in a
directory of its own. Times are in ms; `reference` is the driver alone (sqlite3 or psycopg) executing one INSERT and
committing it, with the durability of the store it stands beside; a ratio is a p50 over the reference's p50.
"""

from __future__ import annotations

import argparse
import json
import math
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psycopg

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.core.records.sums import Enrolment, Sum, SumKey
from serinus.core.routing.assignment import Arm
from serinus.ports.control_store import ControlStore, Leader
from serinus.ports.telemetry_store import TelemetryStore
from tests import postgres
from tests.contract.values import a_draft, a_release

UNITS = 1000
SNAPSHOT = b"x" * 20_000
METRICS = ("enrolled", "call.error", "call.refusal", "call.invalid_format", "call.overdue")


def timed(rounds: int, work: Callable[[int], object]) -> dict[str, float]:
    """p50 and p99 in ms, after a warm-up of a tenth of the rounds."""
    for i in range(rounds // 10):
        work(i)
    taken = []
    for i in range(rounds // 10, rounds // 10 + rounds):
        begun_ns = time.perf_counter_ns()
        work(i)
        taken.append((time.perf_counter_ns() - begun_ns) / 1e6)
    taken.sort()
    return {"p50": round(taken[rounds // 2], 3), "p99": round(taken[math.ceil(rounds * 0.99) - 1], 3)}


class Tick:
    """A tick that changes a release: compare and swap, audit entry with evidence, new snapshot, one transaction."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store
        leader = store.claim("bench", None)
        assert leader
        self._leader: Leader = leader
        with store.tx() as tx:
            tx.insert_release(a_release(seq=0))

    def __call__(self, i: int) -> None:
        with self._store.tx(self._leader.epoch) as tx:
            release = tx.release("rel_1")
            assert release
            tx.replace_release(msgspec.structs.replace(release, seq=release.seq + 1), release.seq)
            tx.append_audit(a_draft("rel_1", evidence='{"units":' + "9" * 1000 + "}"))
            tx.put_snapshot(tx.revision() + 1, SNAPSHOT)


class Batch:
    """An agent's batch of 1,000 calls: two thirds of the units known, one in fifty with an event; sums and offset."""

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store

    def __call__(self, i: int) -> None:
        first = i * UNITS // 3
        units = [
            Enrolment("rel_1", (first + n).to_bytes(8, "big"), Arm(1 + n % 2), 0, int(n % 50 == 0))
            for n in range(UNITS)
        ]
        with self._store.tx() as tx:
            tx.advance_offset("spool", tx.offset("spool"), i + 1)
            fresh = tx.enrol(units)
            new = sum(f.is_new for f in fresh)
            tx.add_sums([(SumKey("rel_1", 0, metric, arm), Sum(total=new)) for metric in METRICS for arm in (1, 2)])


def sqlite_reference(file: Path, synchronous: str, rounds: int) -> dict[str, float]:
    """The driver alone."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("CREATE TABLE t (i INTEGER)")

    def commit(i: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t VALUES (?)", (i,))
        connection.execute("COMMIT")

    try:
        return timed(rounds, commit)
    finally:
        connection.close()


def postgres_reference(url: str, rounds: int) -> dict[str, float]:
    """The driver alone."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bare (i INTEGER)")
        connection.commit()

        def commit(i: int) -> None:
            connection.execute("INSERT INTO bare VALUES (%s)", (i,))
            connection.commit()

        return timed(rounds, commit)


class Watcher:
    """A thread on another opening of the store that reads the newest snapshot whenever it is told of a change."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store
        self._ended = threading.Event()
        self._seen = threading.Condition()
        self._revision = 0
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.is_set():
            if self._store.wait_change(1.0):
                newest = self._store.latest_snapshot()
                with self._seen:
                    self._revision = newest[0] if newest else 0
                    self._seen.notify_all()

    def wait_for(self, revision: int) -> None:
        """Until it has read this revision."""
        with self._seen:
            assert self._seen.wait_for(lambda: self._revision >= revision, timeout=10)

    def end(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()


def change_seen(url: str, rounds: int) -> dict[str, float]:
    """From before the transaction that publishes a snapshot until a watcher on another opening has read it."""
    acting, watching = opened(url), opened(url)
    watcher = Watcher(watching[0])

    def publish(i: int) -> None:
        with acting[0].tx() as tx:
            revision = tx.revision() + 1
            tx.put_snapshot(revision, SNAPSHOT)
        watcher.wait_for(revision)

    try:
        return timed(rounds, publish)
    finally:
        watcher.end()
        for store in (*acting, *watching):
            store.close()


def opened(url: str) -> tuple[ControlStore, TelemetryStore]:
    """Both stores."""
    return open_stores(url, now_us=SystemClock().now_us, random_bytes=system_random)


def measured(url: str, rounds: int, tick: dict[str, float], batch: dict[str, float]) -> dict[str, object]:
    """The figures of one database beside its references."""
    control, telemetry = opened(url)
    try:
        tick_ms = timed(rounds, Tick(control))
        batch_ms = timed(max(rounds // 5, 20), Batch(telemetry))
    finally:
        control.close()
        telemetry.close()
    return {
        "tick_tx_ms": tick_ms,
        "tick_reference_ms": tick,
        "tick_ratio": round(tick_ms["p50"] / tick["p50"], 2),
        "batch_1000_ms": batch_ms,
        "batch_reference_ms": batch,
        "batch_us_per_unit": round(batch_ms["p50"], 2),
        "change_seen_ms": change_seen(url, max(rounds // 5, 20)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=300)
    arguments = parser.parse_args()
    rounds = arguments.rounds
    found: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(prefix="serinus-bench-") as directory:
        root = Path(directory)
        full = sqlite_reference(root / "full.db", "FULL", rounds)
        normal = sqlite_reference(root / "normal.db", "NORMAL", rounds)
        found["sqlite"] = measured(f"sqlite:///{root / 'stores'}", rounds, full, normal)
    with postgres.server() as server:
        bare = postgres_reference(server.url, rounds)
        found["postgresql"] = measured(server.url, rounds, bare, bare)
    if arguments.json:
        print(json.dumps(found))
        return
    for database, figures in found.items():
        print(database)
        for name, value in figures.items():
            print(f"  {name:22} {value}")


if __name__ == "__main__":
    main()
