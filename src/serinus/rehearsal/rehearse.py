"""Rehearse a plan: many releases through one scenario, on all cores; the same seed gives the same releases."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Plan
from serinus.rehearsal.live import Living
from serinus.rehearsal.made import Made
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.scenario import Scenario

BATCH = 25
"""Releases in one piece of work: some seconds of it, so that an interruption loses little."""
Told = Callable[[int], None]


def rehearse_one(scenario: Scenario, plan: Plan, index: int, seed: int, *, every_beat: bool = False) -> Outcome:
    """One release. `every_beat` judges all beats, also those of which it is known that they can change nothing."""
    return Living(scenario, Made(scenario, plan), index, seed, every_beat).outcome()


def rehearse_batch(scenario: Scenario, plan: Plan, indices: Sequence[int], seed: int) -> list[Outcome]:
    """Some releases, one after another."""
    made = _made(msgspec.json.encode((scenario, plan)))
    return [Living(scenario, made, index, seed, False).outcome() for index in indices]


@lru_cache(maxsize=2)
def _made(asked: bytes) -> Made:
    """What releases share, kept from one batch of a process to the next: most releases meet a report and a bar that
    another one has met."""
    scenario, plan = msgspec.json.decode(asked, type=tuple[Scenario, Plan])
    return Made(scenario, plan)


class Rehearsal:
    """Processes to rehearse in, for as long as the context lasts."""

    def __init__(self, pool: ProcessPoolExecutor | None, workers: int) -> None:
        self._pool = pool
        self._workers = workers

    def outcomes(self, scenario: Scenario, plan: Plan, releases: int, seed: int) -> Iterator[list[Outcome]]:
        """Batches as they are done, in no order. At most twice as many as there are processes wait at a time."""
        batches = iter([range(i, min(i + BATCH, releases)) for i in range(0, releases, BATCH)])
        if self._pool is None:
            for indices in batches:
                yield rehearse_batch(scenario, plan, indices, seed)
            return
        open_work: set[Future[list[Outcome]]] = set()
        try:
            while True:
                for indices in islice(batches, 2 * self._workers - len(open_work)):
                    open_work.add(self._pool.submit(rehearse_batch, scenario, plan, indices, seed))
                if not open_work:
                    return
                done, open_work = wait(open_work, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in open_work:
                future.cancel()


@contextmanager
def rehearsal(workers: int) -> Iterator[Rehearsal]:
    """A rehearsal in this many processes; in this one alone for 1. Leaving it ends them, work in hand is dropped."""
    if workers < 1:
        raise InvalidInput(f"{workers} processes", where="--workers", mend="use at least 1")
    if workers == 1:
        yield Rehearsal(None, 1)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    try:
        yield Rehearsal(pool, workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
