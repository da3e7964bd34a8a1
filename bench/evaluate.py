"""What evaluation costs: `python -m bench.evaluate [--json] [--cases 20000]`.

A suite with four rules over so many cases, one version, against an endpoint that answers at once, from a fresh folder:
cases a second and the growth of memory. Beside it a bare loop that sends the same requests with the same client library
and does nothing with the answers: `ratio_bare` is ours by its rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable

import aiohttp
import uvloop

from bench.programs import compiled, free_ports, rss_mb, running, wait_for_port
from serinus.adapters.http_completions import HttpCompletions
from serinus.adapters.sql_results import open_results
from serinus.bootstrap.evaluation_run import surroundings
from serinus.core.judging.case import Case
from serinus.core.judging.scorers import Contains, Latency, Length, Refusal
from serinus.core.judging.suite import Criterion, Suite
from serinus.core.routing.snapshot import Endpoint, Message, Version
from serinus.evaluation.run_suite import Progress, Question, run_suite
from serinus.evaluation.target import Target

CONCURRENCY = 64
SUITE = Suite(
    name="bench",
    data="0" * 64,
    criteria=(
        Criterion(name="answers", scorer=Refusal(), min=0.9),
        Criterion(name="short", scorer=Length(max_chars=100_000), min=0.9),
        Criterion(name="clean", scorer=Contains(none=("forbidden",)), min=0.9),
        Criterion(name="quick", scorer=Latency(at_most_s=60), min=0.9),
    ),
    concurrency=CONCURRENCY,
)


def _target(port: int) -> Target:
    version = Version(
        digest="11" * 32,
        name="bench",
        behaviour="b",
        endpoint="mock",
        model="gpt-mock-2026",
        messages=(Message(role="system", template="You are kind. Answer in a friendly tone."),),
        parameters='"temperature":0.7,"max_tokens":256',
    )
    return Target(version, Endpoint(name="mock", base_url=f"http://127.0.0.1:{port}/v1"), None)


async def _ours(target: Target, cases: list[Case], folder: str) -> tuple[float, float]:
    """Seconds, and MB that memory grew after the first tenth."""
    early_mb = 0.0
    pid = os.getpid()

    async def beat(progress: Progress) -> None:
        nonlocal early_mb
        if not early_mb and progress.done >= progress.total // 10:
            early_mb = rss_mb(pid)

    results = open_results(f"sqlite:///{folder}")
    question = Question(suite=SUITE, cases=cases, candidate=target, baseline=None, endpoints={}, code="bench")
    async with HttpCompletions(lambda _: "", time.monotonic_ns, CONCURRENCY) as completions:
        begun = time.monotonic()
        report = await run_suite(question, surroundings(completions), results, lambda: 1, beat)
        taken = time.monotonic() - begun
    results.close()
    if report.outcome != "pass":
        raise SystemExit(f"the run came to nothing: {report.text}")
    return taken, rss_mb(pid) - early_mb


async def _bare(target: Target, cases: list[Case]) -> float:
    """The same requests from as many loops that only read the bodies; seconds."""
    pending = iter(cases)
    url = f"{target.endpoint.base_url}/chat/completions"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:

        async def send() -> None:
            for case in pending:
                headers = {"content-type": "application/json"}
                async with session.post(url, data=target.body(case, 0), headers=headers) as response:
                    await response.read()

        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(send())
        return time.monotonic() - begun


def measure(count: int) -> dict[str, float]:
    """The figures for so many cases."""
    cases = [Case(id=str(i), input=f"Where is my parcel number {i}?", tags={"topic": "delivery"}) for i in range(count)]
    port = free_ports(2)
    with running("1", str(compiled("mock")), str(port)), tempfile.TemporaryDirectory() as folder:
        wait_for_port(port + 1)
        target = _target(port)
        _run(lambda: _bare(target, cases[: count // 10]))
        bare_s = _run(lambda: _bare(target, cases))
        ours_s, grown_mb = uvloop.run(_ours(target, cases, folder))
        again_s, _ = uvloop.run(_ours(target, cases, folder))
    return {
        "cases": count,
        "cases_per_s": round(count / ours_s),
        "bare_per_s": round(count / bare_s),
        "ratio_bare": round(bare_s / ours_s, 2),
        "kept_cases_per_s": round(count / again_s),
        "grown_mb": round(grown_mb, 1),
        "max_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _run(work: Callable[[], Awaitable[float]]) -> float:
    async def run() -> float:
        return await work()

    return uvloop.run(run())


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What evaluation costs.")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.add_argument("--cases", type=int, default=20_000)
    options = parser.parse_args()
    figures = measure(options.cases)
    print(json.dumps(figures) if options.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
