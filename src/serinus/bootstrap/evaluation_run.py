"""A run of this process: HTTP to the endpoints, answers kept in a folder, keys from the environment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import uvloop

from serinus.adapters.clock import SystemClock
from serinus.adapters.http_completions import HttpCompletions
from serinus.adapters.sql_results import open_results
from serinus.adapters.stores import SQLITE
from serinus.bootstrap import settings
from serinus.core.judging.answer import Price
from serinus.core.judging.calibration import Calibration
from serinus.core.judging.report import SuiteReport
from serinus.core.judging.scorers import Judge
from serinus.core.routing.snapshot import Endpoint
from serinus.evaluation.ask import Asker, Bounds, Surroundings
from serinus.evaluation.calibrate_judge import Example, calibrate_judge
from serinus.evaluation.evaluate_release import check_keys
from serinus.evaluation.run_suite import Progress, Question, run_suite
from serinus.ports.completions import Completions

T = TypeVar("T")


def surroundings(completions: Completions) -> Surroundings:
    """The real world: the machine's clock, and chance for the jitter of waits."""
    return Surroundings(
        completions=completions,
        mono_ns=SystemClock().mono_ns,
        pause=asyncio.sleep,
        uniform=random.SystemRandom().random,
    )


def run_here(question: Question, folder: Path, told: Callable[[Progress], None]) -> SuiteReport:
    """The report of a run whose answers are kept in `folder`. Ctrl-C raises KeyboardInterrupt, and loses nothing."""
    check_keys(question, settings.secret)
    with closing(open_results(f"{SQLITE}{folder}")) as results:

        async def beat(progress: Progress) -> None:
            told(progress)

        async def run(world: Surroundings) -> SuiteReport:
            return await run_suite(question, world, results, SystemClock().now_us, beat)

        return uvloop.run(_with_world(run, question.suite.concurrency))


def calibrate_here(
    judge: Judge, endpoint: Endpoint, price: Price | None, examples: Sequence[Example], labels: str, concurrency: int
) -> Calibration:
    """The calibration of a judge on these examples."""

    async def run(world: Surroundings) -> Calibration:
        return await calibrate_judge(Asker(world, Bounds()), judge, endpoint, price, examples, labels, concurrency)

    return uvloop.run(_with_world(run, concurrency))


async def _with_world(run: Callable[[Surroundings], Awaitable[T]], connections: int) -> T:
    async with HttpCompletions(settings.secret, SystemClock().mono_ns, connections) as completions:
        return await run(surroundings(completions))
