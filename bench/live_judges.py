"""What judging live answers costs: `python -m bench.live_judges [--json] [--calls 2000] [--store postgres]`.

One worker, with a real store, event log and HTTP, looks for the calls that are to be judged among all texts
(`looked_per_s`), and judges them against the simulated provider without latency: calls a second and the growth of
memory. The reference is the same requests, sent by as many bare loops with the same client library in the same run:
`ratio_bare` is ours by its rate. Then texts come in at a steady rate, and `lag_…` is how long after its call each score
came. Texts of `--kept` other calls lie in the log all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
import uvloop

from bench.programs import free_ports, rss_mb, running, wait_for_port
from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.event_log import ParquetLog
from serinus.adapters.http_completions import HttpCompletions
from serinus.adapters.payload_looks import PayloadLooks
from serinus.adapters.stores import open_stores
from serinus.bootstrap.live_judging import judge_live_answers
from serinus.core.judging.judge import body_of, judge_digest
from serinus.core.judging.live import shown
from serinus.core.judging.scorers import Judge
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.records import call_id, payload
from serinus.core.records.record import Payload
from serinus.core.routing.snapshot import Endpoint
from serinus.evaluation.sample_live import Sampler
from serinus.ports.control_store import ControlStore
from serinus.ports.payloads import PayloadBatch
from serinus.ports.telemetry_store import TelemetryStore
from tests import postgres

APP, OTHER, METRIC = "bench", "other", "judge.correctness"
CONCURRENCY = 32
JUDGE = Judge(criterion="It is right.", endpoint="sim", model="sim-judge")
DIGEST = judge_digest(JUDGE)
LIVE = LiveJudge(metric=METRIC, judge=JUDGE, share=1.0, concurrency=CONCURRENCY)
CONFIG = AppConfig(name=APP, payload_share=1.0, live_judges=(LIVE,))
_PART = 250  # texts that an agent writes at once
_LOOK_S = 0.1
_SHARES = {"p50": 0.5, "p95": 0.95, "max": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A worker's surroundings."""

    control: ControlStore
    telemetry: TelemetryStore
    segments: Path
    endpoint: Endpoint


def texts(number: int, app: str) -> Payload:
    """What is kept of a call that begins and ends now."""
    now_us = SystemClock().now_us()
    raw = call_id.make(
        b"k", app.encode(), now_us // 1000, number.to_bytes(5, "big"), bytes(16), 0, -1, number.to_bytes(8, "big")
    )
    asked = [{"role": "user", "content": f"Where is my parcel number {number}? " + "I have waited for days. " * 20}]
    said = {"texts": ["It is on its way to you and should be there tomorrow. " * 8], "tools": []}
    request = msgspec.json.encode({"messages": asked, "variables": {"shop": "Nord"}})
    return Payload(raw, request, msgspec.json.encode(said), now_us, app)


class Keeper:
    """Writes kept texts as agents do."""

    def __init__(self, segments: Path) -> None:
        self._log = ParquetLog(segments)
        self._parts = 0

    def keep(self, found: Sequence[Payload]) -> None:
        """In parts."""
        for start in range(0, len(found), _PART):
            rows = [payload.row(one) for one in found[start : start + _PART]]
            number, place = divmod(self._parts, 64)  # a segment of the spool holds some
            spool = f"{'ab' * 16}-{number:08d}"
            self._log.write_payloads(PayloadBatch(spool=spool, start=place * 10, end=place * 10 + 10, rows=rows))
            self._parts += 1


async def _bare(endpoint: Endpoint, bodies: Sequence[bytes]) -> float:
    """The same requests from as many loops that only read the answers; seconds."""
    pending = iter(bodies)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:

        async def send() -> None:
            for body in pending:
                headers = {"content-type": "application/json"}
                async with session.post(f"{endpoint.base_url}/chat/completions", data=body, headers=headers) as answer:
                    await answer.read()

        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(send())
        return time.monotonic() - begun


def _looked_at(bench: Bench) -> float:
    """Seconds in which a worker finds what is to be judged among all texts."""
    begun = time.monotonic()
    Sampler(bench.telemetry, PayloadLooks(bench.segments)).sample([CONFIG], (), SystemClock().now_us())
    return time.monotonic() - begun


def _settled(bench: Bench) -> int:
    with bench.telemetry.tx() as tx:
        return sum(one.count for one in tx.judgement_counts(APP, 0) if one.state != "waiting")


async def _looked(bench: Bench, until: int) -> AsyncIterator[int]:
    """How many calls are settled, again and again until there are so many."""
    while (done := await asyncio.to_thread(_settled, bench)) < until:
        yield done
        await asyncio.sleep(_LOOK_S)


@contextlib.asynccontextmanager
async def _worker(bench: Bench) -> AsyncIterator[None]:
    async with HttpCompletions(lambda _: "", time.monotonic_ns) as completions:
        working = asyncio.create_task(
            judge_live_answers(bench.control, bench.telemetry, bench.segments, completions, SystemClock())
        )
        try:
            yield
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working


async def _drained(bench: Bench, calls: int) -> tuple[float, float]:
    """Seconds in which one worker judges all that waits, and MB that memory grew after the first tenth."""
    early_mb, pid = 0.0, os.getpid()
    async with _worker(bench):
        begun = time.monotonic()
        async for done in _looked(bench, calls):
            if not early_mb and done >= calls // 10:
                early_mb = rss_mb(pid)
        return time.monotonic() - begun, rss_mb(pid) - early_mb


async def _flowing(bench: Bench, keeper: Keeper, first: int, rate: float, seconds: int) -> dict[str, float]:
    """How long after their calls scores came, in ms, while so many calls a second come in."""
    since_us, known = SystemClock().now_us(), _settled(bench)
    async with _worker(bench):
        for second in range(seconds):
            due = time.monotonic() + 1
            at = first + round(second * rate)
            found = [texts(number, APP) for number in range(at, first + round((second + 1) * rate))]
            await asyncio.to_thread(keeper.keep, found)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        async for _ in _looked(bench, known + round(rate * seconds)):
            pass
    with bench.telemetry.tx() as tx:
        delays = {
            name: tx.judging_delay_us(APP, METRIC, DIGEST, since_us, share) or 0 for name, share in _SHARES.items()
        }
    return {f"lag_ms_{name}": round(delay_us / 1000) for name, delay_us in delays.items()}


@contextlib.contextmanager
def _opened(store: str) -> Iterator[Bench]:
    port = free_ports(1)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(postgres.server()).url if store == "postgres" else f"sqlite:///{folder}"
        sim = (sys.executable, "-m", "serinus", "sim", "provider", "--port", str(port), "--speed", "inf")
        stack.enter_context(running("1", *sim))
        wait_for_port(port, 30)
        control, telemetry = open_stores(url, now_us=SystemClock().now_us, random_bytes=system_random)
        stack.enter_context(contextlib.closing(control))
        stack.enter_context(contextlib.closing(telemetry))
        endpoint = Endpoint(name="sim", base_url=f"http://127.0.0.1:{port}/v1")
        with control.tx() as tx:
            tx.put_endpoint(endpoint)
            tx.put_app(AppState(config=CONFIG))
        yield Bench(control=control, telemetry=telemetry, segments=folder / "segments", endpoint=endpoint)


def measure(calls: int, kept: int, rate: float, seconds: int, store: str) -> dict[str, float]:
    """The figures."""
    with _opened(store) as bench:
        keeper = Keeper(bench.segments)
        keeper.keep([texts(number, OTHER) for number in range(kept)])
        waiting = [texts(kept + number, APP) for number in range(calls)]
        keeper.keep(waiting)
        material = [shown(payload.row(one)) for one in waiting]
        bodies = [body_of(JUDGE, *one, 0, "json_schema") for one in material if not isinstance(one, str)]
        uvloop.run(_bare(bench.endpoint, bodies[: calls // 10]))
        bare_s = uvloop.run(_bare(bench.endpoint, bodies))
        looked_s = _looked_at(bench)
        ours_s, grown_mb = uvloop.run(_drained(bench, calls))
        lags = uvloop.run(_flowing(bench, keeper, kept + calls, rate, seconds))
    return {
        "calls": calls,
        "kept": kept,
        "looked_per_s": round((calls + kept) / looked_s),
        "judged_per_s": round(calls / ours_s),
        "bare_per_s": round(calls / bare_s),
        "ratio_bare": round(bare_s / ours_s, 3),
        "inflow_per_s": rate,
        **lags,
        "grown_mb": round(grown_mb, 1),
        "max_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What judging live answers costs.")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--kept", type=int, default=20_000, help="texts of other calls in the log")
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second that come in")
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    figures = measure(options.calls, options.kept, options.rate, options.seconds, options.store)
    print(json.dumps(figures) if options.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
