"""What a round of the tick costs: `python -m bench.tick [--json] [--releases 1 100 1000] [--rounds 20] [--postgres]`.

Real stores, as a control process opens them (SQLite, or PostgreSQL of the dev extra), active releases with seven
guardrails each: events, a quantile, cost and tokens, and one limit. Between rounds calls come in: every sum grows, and
a second of rollups and the calls in flight are reported, so that nothing stands still. Measured twice, with a hundred
thousand and with ten million calls behind the releases, of the last two minutes: a round reads sums, so both should
cost alike.

Rounds run in a process of their own, as a control's do; what fills the stores is another. `round_ms` is a round from
its begin to its end, `cpu_ms` what its process computed meanwhile (the database of `--postgres` is none of it),
`rss_mb` the process's memory after the last round. Minima tell what it costs, medians what it takes on this machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.filling import Inflow, fill, insert_releases, telemetry_engine
from bench.past import PLACES, Past
from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.bootstrap.collector import settle_collector
from serinus.control.tick import Tick
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.release.transitions import started
from serinus.core.release.yardstick import Yardstick
from tests import postgres

METRICS = ("call.error", "call.refusal", "call.invalid_format", "call.overdue")
MEASURED = ("latency.p95", "cost.per_call", "tokens.per_call")
PLAN = Plan(
    owner="ada@example.com",
    steps=tuple(Step(share=share, dwell_s=86_400) for share in (0.05, 0.25, 0.5, 1.0)),
    guardrails=(*(Guardrail(metric=name) for name in METRICS), *(Guardrail(metric=name) for name in MEASURED)),
    limits=(Limit(metric="call.error", above=0.25, bucket_s=1),),
)
CALLS = {"hundred_thousand": 100_000, "ten_million": 10_000_000}
TURNS = 10
BEHIND_S = 120
NEW_USERS = 2


class Cost(NamedTuple):
    """Of one round, in ms, and MB of its process after it. `acted`: it found something to do, which it should not."""

    wall_ms: float
    cpu_ms: float
    rss_mb: float
    acted: bool


def measure(url: str, releases: int, calls: int, rounds: int) -> tuple[list[Cost], float]:
    """Each round's cost with this many active releases, and calls of all of them together; s to fill the stores."""
    clock = SystemClock()
    began = time.monotonic()
    control, telemetry = open_stores(url, now_us=clock.now_us, random_bytes=system_random)
    engine = telemetry_engine(url)
    made = [release(number, clock.now_us()) for number in range(releases)]
    units = max(1, calls // (releases * TURNS * len(PLACES)))
    insert_releases(control, made)
    fill(engine, telemetry, made, Past(units, TURNS, BEHIND_S, clock.now_us() // 1_000_000))
    engine.dispose()
    filled_s = time.monotonic() - began
    inflow = Inflow(telemetry, made, NEW_USERS, units)
    try:
        with _ticking(url) as ticking:
            costs = []
            for beat in range(rounds + 1):
                inflow.come_in(clock.now_us())
                inflow.report(beat + 1, clock.now_us())
                ticking.send(None)
                costs.append(ticking.recv())
    finally:
        control.close()
        telemetry.close()
    if any(one.acted for one in costs[1:]):
        raise SystemExit("a release moved: these rounds do not cost what a quiet one does")
    return costs[1:], filled_s


def release(number: int, now_us: int) -> Release:
    """A release on its first step."""
    created = Release(
        id=f"rel_{number + 1:032x}",
        app=f"app-{number}",
        seq=0,
        state=State.CREATED,
        candidate="c" * 64,
        control="b" * 64,
        salt="salt",
        plan=PLAN,
        created_at_us=now_us,
        created_by="bench",
    )
    known = Yardstick(metric="latency.p95", at_us=900_000, values=10_000, source="history")
    return msgspec.structs.replace(started(created, 1, "bench"), seq=1, yardsticks=(known,))


@contextmanager
def _ticking(url: str) -> Iterator[Connection]:
    """A process that ticks once for whatever it is sent, and answers with the cost."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_tick, args=(url, theirs))
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def _tick(url: str, asked: Connection) -> None:
    clock = SystemClock()
    control, telemetry = open_stores(url, now_us=clock.now_us, random_bytes=system_random)
    tick = Tick(control, telemetry, clock, "bench", takeover_s=0)
    settle_collector()
    seen = 0
    while True:
        try:
            asked.recv()
        except EOFError:
            break
        wall_ns, cpu_ns = time.perf_counter_ns(), time.process_time_ns()
        tick.once()
        wall_ms, cpu_ms = (time.perf_counter_ns() - wall_ns) / 1e6, (time.process_time_ns() - cpu_ns) / 1e6
        with control.tx() as tx:
            moved, seen = tx.revision() != seen, tx.revision()
        asked.send(Cost(wall_ms, cpu_ms, _rss_mb(), moved))
    control.close()
    telemetry.close()


def _rss_mb() -> float:
    """Resident memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


@contextmanager
def _stores(on_postgres: bool) -> Iterator[str]:
    """The URL of empty stores."""
    if on_postgres:
        with postgres.server() as server:
            yield server.database("bench")
        return
    with tempfile.TemporaryDirectory(prefix="serinus-bench-") as folder:
        yield f"sqlite:///{folder}"


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What a round of the tick costs.")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--releases", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    options = parser.parse_args()
    figures: dict[str, float | str] = {"database": "postgresql" if options.postgres else "sqlite"}
    for releases in options.releases:
        for name, calls in CALLS.items():
            with _stores(options.postgres) as url:
                costs, filled_s = measure(url, releases, calls, options.rounds)
            of = f"{releases}_releases_{name}_calls"
            wall, cpu = [one.wall_ms for one in costs], [one.cpu_ms for one in costs]
            figures |= {
                f"round_ms_min_{of}": round(min(wall), 2),
                f"round_ms_p50_{of}": round(statistics.median(wall), 2),
                f"round_ms_max_{of}": round(max(wall), 2),
                f"cpu_ms_min_{of}": round(min(cpu), 2),
                f"cpu_ms_p50_{of}": round(statistics.median(cpu), 2),
                f"rss_mb_{of}": round(costs[-1].rss_mb, 1),
                f"filled_s_{of}": round(filled_s, 1),
            }
    print(json.dumps(figures) if options.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
