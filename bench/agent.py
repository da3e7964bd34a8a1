"""How fast the host agent ships: spools into SQLite and Parquet, against the same rows written plainly.

The reference does no work at all: it takes the rows that the agent would write (enrolments, sums, rollups) ready made
and puts them into an SQLite file of the same settings with `executemany`, in one transaction. What the agent does on
top is reading, checking, decoding, adding up, sketches, and the compare-and-swap of offsets.

    python bench/agent.py --json
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.host_dir import HostDir
from serinus.adapters.stores import open_stores
from serinus.agent.ship import Shipper, ShipSettings
from serinus.core.records import call_id, frames
from serinus.core.records.record import Begin, End
from serinus.core.records.tally import Read, tally

APPS_VERSION = bytes(32)
RELEASE = bytes.fromhex("018f0000000070008000000000000001")


def write_spool(host_dir: Path, calls: int, units: int) -> list[frames.Record]:
    """A dead worker's spool of `calls` calls by `units` units, 200 of them a second; the records in it."""
    instance = bytes(15) + b"\1"
    records: list[frames.Record] = []
    for number in range(calls):
        at_us, mono_ns, unit = 1_764_000_000_000_000 + number * 5000, number * 5_000_000, number % units
        place = (RELEASE, 1 + unit % 2, 0, unit.to_bytes(8, "big"))
        call = call_id.make(b"k" * 32, b"support-bot", at_us // 1000, number.to_bytes(5, "big"), *place)
        records.append(Begin(call, at_us, mono_ns, "support-bot", APPS_VERSION, 3, 30_000))
        events = int(number % 50 == 0)
        took = (900_000 + number % 977 * 1000, 300_000)
        tail = (7, 200, events, events, *took, 300, 80, 0, 4500, "stop")
        records.append(End(call, at_us + 1_000_000, mono_ns, "support-bot", APPS_VERSION, 3, *tail))
    header = frames.encode_header(frames.SegmentHeader(instance=instance, number=0, boot=1))
    folder = host_dir / "spool" / instance.hex()
    folder.mkdir(parents=True)
    (folder / "00000000.spool").write_bytes(header + b"".join(map(frames.encode, records)) + bytes(64))
    return records


def ship(root: Path) -> tuple[float, float]:
    """(wall seconds, CPU seconds) until the sums are in the store and the calls in the event log."""
    clock = SystemClock()
    _, telemetry = open_stores(f"sqlite:///{root / 'stores'}", now_us=clock.now_us, random_bytes=system_random)
    host, log = HostDir(root / "host", clock.now_us), ParquetLog(root / "segments")
    shipper = Shipper("bench", host, telemetry, log, clock, ShipSettings())
    started, cpu = time.perf_counter(), time.process_time()
    shipper.finish()
    took = time.perf_counter() - started, time.process_time() - cpu
    telemetry.close()
    return took


def write_plainly(root: Path, records: list[frames.Record]) -> float:
    """Seconds for the rows of the same records, made beforehand, in one transaction."""
    found = tally("bench", [Read(instance="i", open={}, records=[(record, "i-0") for record in records])], 0)
    units = [(e.release, e.unit, int(e.arm), e.stratum, e.events) for e in found.enrolments]
    rollups = [(r.app, r.release, r.arm, r.start_us, r.width_s, r.requests, r.latency, r.ttft) for r in found.rollups]
    rows = [(record.call, record.at_us, record.status) for record in records if isinstance(record, End)]
    connection = sqlite3.connect(root / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE unit (release, unit, arm, stratum, events, PRIMARY KEY (release, unit))")
    connection.execute("CREATE TABLE rollup (app, release, arm, start, width, requests, latency, ttft)")
    connection.execute("CREATE TABLE call (call PRIMARY KEY, at, status) WITHOUT ROWID")
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO unit VALUES (?, ?, ?, ?, ?)", units)
    connection.executemany("INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rollups)
    connection.executemany("INSERT INTO call VALUES (?, ?, ?)", rows)
    connection.execute("COMMIT")
    took = time.perf_counter() - started
    connection.close()
    return took


def measure(calls: int, units: int) -> dict[str, float]:
    """All figures of one run, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        records = write_spool(root / "host", calls, units)
        wall_s, cpu_s = ship(root)
        plain_s = write_plainly(root, records)
    return {
        "records": len(records),
        "records_per_s": round(len(records) / wall_s),
        "cpu_us_per_record": round(cpu_s / len(records) * 1e6, 2),
        "calls_per_s": round(calls / wall_s),
        "plain_records_per_s": round(len(records) / plain_s),
        "times_the_plain_time": round(wall_s / plain_s, 1),
        "cores": os.cpu_count() or 1,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = parser.parse_args()
    figures = measure(options.calls, options.units)
    print(json.dumps(figures) if options.json else "\n".join(f"{key:24} {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
