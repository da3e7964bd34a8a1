"""What a round of the tick costs: `python -m bench.tick [--json] [--releases 1 100 1000] [--rounds 20]`.

Real stores (SQLite, as a control process opens them), active releases with seven guardrails each: events, a quantile,
cost and tokens, and one limit. Between rounds calls come in: every sum grows and a second of rollups is added, so that
nothing stands still. Measured twice, with a hundred thousand and with ten million calls behind the releases: a round
reads sums, so both should cost alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.control.tick import Tick
from serinus.core.fleet import HostStatus, WorkerStatus
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.records.sums import ENROLLED, Rollup, Sum, SumKey
from serinus.core.records.unit_measures import BUCKETS, UnitKey, UnitSum
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.release.transitions import started
from serinus.core.release.yardstick import Yardstick
from serinus.core.routing.assignment import COMPARED
from serinus.ports.control_store import ControlStore
from serinus.ports.telemetry_store import TelemetryStore

METRICS = ("call.error", "call.refusal", "call.invalid_format", "call.overdue")
MEASURED = ("latency.p95", "cost.per_call", "tokens.per_call")
PLAN = Plan(
    owner="ada@example.com",
    steps=tuple(Step(share=share, dwell_s=86_400) for share in (0.05, 0.25, 0.5, 1.0)),
    guardrails=(*(Guardrail(metric=name) for name in METRICS), *(Guardrail(metric=name) for name in MEASURED)),
    limits=(Limit(metric="call.error", above=0.025, bucket_s=1),),
)


CALLS = {"hundred_thousand": 100_000, "ten_million": 10_000_000}


def measure(releases: int, calls: int, rounds: int) -> list[float]:
    """Milliseconds of each full round with this many active releases, and calls of all of them together."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        control, telemetry = open_stores(f"sqlite:///{Path(folder)}", now_us=clock.now_us, random_bytes=system_random)
        made = _fill(control, telemetry, releases, max(1, calls // (releases * 6)), clock.now_us())
        tick = Tick(control, telemetry, clock, "bench", takeover_s=0)
        tick.once()
        costs = []
        for beat in range(rounds):
            _come_in(telemetry, made, clock.now_us())
            _report(telemetry, beat + 2, clock.now_us())
            began = clock.mono_ns()
            tick.once()
            costs.append((clock.mono_ns() - began) / 1e6)
        control.close()
        telemetry.close()
    return costs


def _fill(control: ControlStore, telemetry: TelemetryStore, releases: int, units: int, now_us: int) -> list[Release]:
    _report(telemetry, 1, now_us)
    made = []
    for number in range(releases):
        release = _release(number, now_us)
        with control.tx() as tx:
            tx.put_app(AppState(config=AppConfig(name=release.app, plan=PLAN), live=release.control))
            tx.insert_release(release)
        with telemetry.tx() as telemetry_tx:
            telemetry_tx.add_sums(list(_sums(release.id, units)))
            telemetry_tx.add_unit_sums(_unit_sums(release.id, units))
            telemetry_tx.add_rollups(list(_rollups(release, now_us, 30)))
        made.append(release)
    return made


def _come_in(telemetry: TelemetryStore, releases: list[Release], now_us: int) -> None:
    with telemetry.tx() as tx:
        tx.add_sums([pair for release in releases for pair in _sums(release.id, 50)])
        tx.add_unit_sums({key: held for release in releases for key, held in _unit_sums(release.id, 50).items()})
        tx.add_rollups([rollup for release in releases for rollup in _rollups(release, now_us, 1)])


def _release(number: int, now_us: int) -> Release:
    created = Release(
        id=f"rel_{number:032x}",
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


def _sums(release: str, units: int) -> Iterable[tuple[SumKey, Sum]]:
    for stratum in range(3):
        for arm in COMPARED:
            yield SumKey(release, stratum, ENROLLED, arm), Sum(total=units)
            for name in METRICS:
                yield SumKey(release, stratum, name, arm), Sum(total=units // 50)
            for name in MEASURED:
                yield SumKey(release, stratum, name, arm), Sum(total=units // 20 if name.startswith("l") else units)


def _unit_sums(release: str, units: int) -> dict[UnitKey, UnitSum]:
    """Sums over units that differ from bucket to bucket; every one of them lies in the store."""
    each = max(1, units // BUCKETS)
    return {
        UnitKey(release, stratum, name, arm, bucket): UnitSum(each, each * (900 + 40 * (bucket % 7)))
        for stratum in range(3)
        for arm in COMPARED
        for name in MEASURED[1:]
        for bucket in range(0, BUCKETS, 32)
    }


def _rollups(release: Release, now_us: int, seconds: int) -> Iterable[Rollup]:
    second = now_us // 1_000_000
    for back in range(seconds):
        for stratum in range(3):
            for arm in COMPARED:
                yield Rollup(
                    host="h1",
                    app=release.app,
                    release=release.id,
                    stratum=stratum,
                    arm=arm,
                    version="v",
                    start_us=(second - back) * 1_000_000,
                    width_s=1,
                    requests=100,
                    events={1: 1},
                )


def _report(telemetry: TelemetryStore, beat: int, now_us: int) -> None:
    worker = WorkerStatus(instance="w1", pid=1, acked=1, leased=True, dropped=0)
    with telemetry.tx() as tx:
        tx.put_host(HostStatus(host="h1", beat=beat, shipped_until_us=now_us, workers=(worker,)))


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What a round of the tick costs.")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--releases", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for releases in options.releases:
        for name, calls in CALLS.items():
            costs = measure(releases, calls, options.rounds)
            figures[f"round_ms_p50_{releases}_releases_{name}_calls"] = round(statistics.median(costs), 2)
            figures[f"round_ms_max_{releases}_releases_{name}_calls"] = round(max(costs), 2)
    print(json.dumps(figures) if options.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
