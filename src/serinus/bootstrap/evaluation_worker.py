"""`python -m serinus.bootstrap.evaluation_worker`: takes jobs from the store and does them, and judges live answers
where it sees their texts. Any number may run."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from serinus import __version__
from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.genai_table import GenaiPrices
from serinus.adapters.http_completions import HttpCompletions
from serinus.adapters.sql_results import open_results
from serinus.adapters.stores import open_stores
from serinus.bootstrap import settings as environment
from serinus.bootstrap.evaluation_run import surroundings
from serinus.bootstrap.live_judging import judge_live_answers
from serinus.bootstrap.loops import Health, log_to_stderr, stop_on_signals
from serinus.core.errors import InvalidInput, SerinusError
from serinus.core.ids import INSTANCE, IdSource
from serinus.evaluation.evaluate_release import Workshop
from serinus.evaluation.run_suite import Progress
from serinus.evaluation.work import HIDDEN_S, work
from serinus.ports.clock import Clock
from serinus.ports.completions import Completions
from serinus.ports.control_store import ControlStore
from serinus.ports.results import ResultStore
from serinus.ports.telemetry_store import TelemetryStore

_IDLE_S = 0.5
_FAILED_S = 1.0
_KEPT_DAYS = 90
_DAY_US = 86_400 * 1_000_000
Stores = tuple[ControlStore, TelemetryStore, ResultStore]


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One worker. `hidden_s`: after so long without a word from it, another may take over its job. `segments`: where
    the event log lies, with the kept texts; None: it judges no live answers."""

    store: str
    hidden_s: float = HIDDEN_S
    segments: Path | None = None


def run_worker(settings: WorkerSettings, stop: threading.Event, clock: Clock) -> int:
    """Work until `stop` is set; the exit code. Prints one JSON line on standard output: `{"ready", "pid"}`."""
    opened = _open(settings.store, clock, stop)
    if opened is None:
        return 0
    control, telemetry, results = opened
    with contextlib.closing(control), contextlib.closing(telemetry), contextlib.closing(results):
        results.forget(clock.now_us() - _KEPT_DAYS * _DAY_US)
        print(json.dumps({"ready": True, "pid": os.getpid()}), flush=True)
        # Not uvloop: it would take over the pipe by which `stop` learns of signals.
        asyncio.run(_until(stop, (control, telemetry, results), settings, clock))
    return 0


def _open(url: str, clock: Clock, stop: threading.Event) -> Stores | None:
    """The stores, waited for while they are away; None when told to stop first."""
    health = Health("store")
    while not stop.is_set():
        try:
            control, telemetry = open_stores(
                url, now_us=clock.now_us, random_bytes=system_random, prices=GenaiPrices(clock.now_us)
            )
            return control, telemetry, open_results(url)
        except InvalidInput:
            raise
        except SerinusError as error:
            health.failed(error)
            stop.wait(_FAILED_S)
    return None


async def _until(stop: threading.Event, stores: Stores, settings: WorkerSettings, clock: Clock) -> None:
    """Work in a task of its own, which is cancelled (and gives its job back) when it is time to stop."""
    working = asyncio.create_task(_all_work(stores, settings, clock))
    stopping = asyncio.create_task(asyncio.to_thread(stop.wait))
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await stopping
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def _all_work(stores: Stores, settings: WorkerSettings, clock: Clock) -> None:
    control, telemetry, results = stores
    async with HttpCompletions(environment.secret, clock.mono_ns) as completions, asyncio.TaskGroup() as group:
        group.create_task(_work(control, results, settings, clock, completions))
        if settings.segments is not None:
            group.create_task(judge_live_answers(control, telemetry, settings.segments, completions, clock))


async def _work(
    control: ControlStore, results: ResultStore, settings: WorkerSettings, clock: Clock, completions: Completions
) -> None:
    holder = IdSource(clock.now_us, system_random).new(INSTANCE)
    health, log = Health("work"), structlog.get_logger()

    def told(job: str, progress: Progress) -> None:
        log.info("evaluating", job=job, done=progress.done, total=progress.total, cost_usd=progress.cost_nano / 1e9)

    workshop = Workshop(
        control=control,
        results=results,
        world=surroundings(completions),
        now_us=clock.now_us,
        secret=environment.secret,
        code=__version__,
    )
    while True:
        try:
            pause_s = 0.0 if await work(workshop, holder, told, settings.hidden_s) else _IDLE_S
            health.worked()
        except Exception as error:  # noqa: BLE001 - process edge: the job comes back, and the worker goes on
            health.failed(error)
            pause_s = _FAILED_S
        await asyncio.sleep(pause_s)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="serinus worker", description="Runs offline stages of releases, and live judges."
    )
    parser.add_argument("--store", default=environment.read().store, help="sqlite:///DIR or postgresql://…")
    parser.add_argument(
        "--hidden-s", type=float, default=HIDDEN_S, help="silence after which another worker takes over a job"
    )
    parser.add_argument(
        "--segments",
        type=Path,
        help="where the event log's Parquet files lie; without it, no live answer is judged",
    )
    return parser


def main(argv: Sequence[str] | None = None, clock: Clock | None = None) -> int:
    """Run a worker with the options of this command line; the exit code."""
    options = _parser().parse_args(argv)
    log_to_stderr()
    stop = stop_on_signals()
    try:
        if not options.store:
            raise InvalidInput("no store is named", where="--store", mend="e.g. --store sqlite:///var/serinus")
        return run_worker(WorkerSettings(**vars(options)), stop, clock or SystemClock())
    except SerinusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidInput) else 1


if __name__ == "__main__":
    sys.exit(main())
