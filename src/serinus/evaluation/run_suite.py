"""Run a suite: ask candidate and baseline the same cases, score the answers, keep every result as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import Answer, Fault
from serinus.core.judging.case import Case, case_digest
from serinus.core.judging.gate import Run, report
from serinus.core.judging.report import SuiteReport
from serinus.core.judging.rules import applies, score
from serinus.core.judging.score import Score
from serinus.core.judging.scorers import Judge
from serinus.core.judging.suite import Suite
from serinus.core.judging.tally import Tally
from serinus.core.routing.snapshot import Endpoint
from serinus.evaluation.ask import Asker, Bounds, Surroundings
from serinus.evaluation.judge_answer import Bench
from serinus.evaluation.target import Target
from serinus.ports.results import Result, ResultKey, ResultStore

_LOOKED_UP_AT_ONCE = 128
_KEPT_AT_ONCE = 256
BEAT_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a run is to find out. `endpoints` are those that judges name."""

    suite: Suite
    cases: Sequence[Case]
    candidate: Target
    baseline: Target | None
    endpoints: Mapping[str, Endpoint]
    code: str
    budget_s: float = 0.0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is: answers of `total`, of which `known` were kept from before; cost of this run in nano-USD."""

    done: int
    total: int
    known: int
    requests: int
    cost_nano: int
    elapsed_s: float

    @property
    def rate(self) -> float:
        """Answers a second, without those that were known."""
        return (self.done - self.known) / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds to go at this rate; None before the first answer."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


Beat = Callable[[Progress], Awaitable[None]]


class _Item(NamedTuple):
    """One answer to get: index of the case, side, repeat, and what is known of it."""

    case: int
    side: int
    repeat: int
    known: Result | None


def splits_of(suite: Suite, cases: Sequence[Case]) -> list[Case]:
    """The cases that this suite asks."""
    return [case for case in cases if case.split in suite.splits]


async def run_suite(
    question: Question, world: Surroundings, results: ResultStore, now_us: Callable[[], int], beat: Beat
) -> SuiteReport:
    """The report. What is cut off (cancelled, killed) goes on where it was: answers and scores are kept in `results`
    as they come. `beat` is awaited about twice a second; what it raises ends the run. InvalidInput when a judge's
    endpoint is not known."""
    run = _Running(question, world, results, now_us)
    try:
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(run.beat(beat, world))
            await run.work()
            beating.cancel()
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    finally:
        run.keep()
    await beat(run.progress())
    return run.report()


def _first(error: BaseException) -> BaseException:
    """What a group of groups began with."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Running:
    """The state of one run."""

    def __init__(
        self, question: Question, world: Surroundings, results: ResultStore, now_us: Callable[[], int]
    ) -> None:
        suite = question.suite
        self._question = question
        self._results = results
        self._now_us = now_us
        self._mono_ns = world.mono_ns
        self._begun_ns = world.mono_ns()
        bounds = Bounds(
            requests_per_minute=suite.requests_per_minute,
            max_cost_nano=round(suite.max_cost_usd * 1e9),
            budget_s=question.budget_s,
            timeout_s=suite.timeout_s,
            tries=suite.tries,
        )
        self._asker = Asker(world, bounds)
        self._targets = [question.candidate] + ([question.baseline] if question.baseline else [])
        self._digests = [case_digest(case) for case in question.cases]
        self._scorers = [criterion.digest for criterion in suite.criteria]
        self._benches = self._make_benches()
        self._tally = Tally(len(question.cases), len(suite.criteria), [target.price for target in self._targets])
        self._unkept: list[Result] = []
        self._done = self._known = 0
        self._total = len(question.cases) * len(self._targets) * suite.repeats

    def _make_benches(self) -> dict[str, Bench]:
        suite, made = self._question.suite, {}
        for criterion in suite.criteria:
            judge = criterion.scorer
            if not isinstance(judge, Judge):
                continue
            endpoint = self._question.endpoints.get(judge.endpoint)
            if endpoint is None:
                known = ", ".join(sorted(self._question.endpoints)) or "none"
                raise InvalidInput(
                    f"{criterion.name}: no endpoint {judge.endpoint!r}", where="endpoint", mend=f"known: {known}"
                )
            made[criterion.digest] = Bench(self._asker, judge, endpoint, suite.price(judge.model))
        return made

    async def work(self) -> None:
        """Every item, by as many workers as the suite allows."""
        workers = self._question.suite.concurrency
        queue: asyncio.Queue[_Item | None] = asyncio.Queue(maxsize=2 * workers)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed(queue, workers))
            for _ in range(workers):
                group.create_task(self._serve(queue))

    async def _feed(self, queue: asyncio.Queue[_Item | None], workers: int) -> None:
        for items in self._chunks():
            keys = [self._key(item) for item in items]
            found = {one.key: one for one in await asyncio.to_thread(self._results.kept, keys)}
            for key, item in zip(keys, items, strict=True):
                await queue.put(item._replace(known=found.get(key)))
        for _ in range(workers):
            await queue.put(None)

    def _chunks(self) -> Iterator[list[_Item]]:
        """Both sides of a case next to each other: a run that is cut short has whole pairs."""
        chunk: list[_Item] = []
        for case in range(len(self._question.cases)):
            for repeat in range(self._question.suite.repeats):
                chunk += [_Item(case, side, repeat, None) for side in range(len(self._targets))]
            if len(chunk) >= _LOOKED_UP_AT_ONCE:
                yield chunk
                chunk = []
        yield chunk

    def _key(self, item: _Item) -> ResultKey:
        return ResultKey(self._targets[item.side].key, self._digests[item.case], item.repeat)

    async def _serve(self, queue: asyncio.Queue[_Item | None]) -> None:
        while (item := await queue.get()) is not None:
            await self._answer(item)
            self._done += 1
            if len(self._unkept) >= _KEPT_AT_ONCE:
                await self._keep_aside()

    async def _answer(self, item: _Item) -> None:
        case, target = self._question.cases[item.case], self._targets[item.side]
        outcome = item.known.answer if item.known else await self._ask(case, target, item.repeat)
        if outcome is None:
            self._tally.unasked(item.side, "not asked")
            return
        self._tally.answered(item.side, outcome)
        if isinstance(outcome, Fault):
            return
        kept = dict(item.known.scores) if item.known else {}
        self._known += item.known is not None
        before = len(kept)
        for index, criterion in enumerate(self._question.suite.criteria):
            if not case.fits(criterion.where) or not applies(criterion.scorer, case):
                continue
            digest = self._scorers[index]
            # Only a judge's word costs anything; rules are asked anew, whatever they said before.
            one = kept.get(digest) if digest in self._benches else None
            if one is None:
                one = await self._score(index, case, outcome, target)
            if one.value is not None:
                kept[digest] = one
            self._tally.scored(item.side, index, item.case, one)
        if item.known is None or len(kept) > before:
            self._unkept.append(Result(key=self._key(item), answer=outcome, scores=kept))

    async def _ask(self, case: Case, target: Target, repeat: int) -> Answer | Fault | None:
        try:
            body = target.body(case, repeat)
        except InvalidInput as error:
            return Fault(kind="request_refused", text=str(error))
        return await self._asker.ask(target.endpoint, body, target.price)

    async def _score(self, index: int, case: Case, answer: Answer, target: Target) -> Score:
        scorer = self._question.suite.criteria[index].scorer
        if not isinstance(scorer, Judge):
            return score(scorer, case, answer, target.price)
        return await self._benches[self._scorers[index]].grade(case, answer, target.prompt)

    async def _keep_aside(self) -> None:
        taken, self._unkept = self._unkept, []
        try:
            await asyncio.to_thread(self._results.keep, taken, self._now_us())
        except BaseException:
            self._unkept = taken + self._unkept
            raise

    def keep(self) -> None:
        """Keep what is not kept yet; without awaiting, since a cancelled run comes here too."""
        taken, self._unkept = self._unkept, []
        self._results.keep(taken, self._now_us())

    async def beat(self, told: Beat, world: Surroundings) -> None:
        """Keep and tell, twice a second."""
        while True:
            await world.pause(BEAT_S)
            await self._keep_aside()
            await told(self.progress())

    def progress(self) -> Progress:
        """How far it is."""
        return Progress(
            done=self._done,
            total=self._total,
            known=self._known,
            requests=self._asker.requests,
            cost_nano=self._asker.cost_nano,
            elapsed_s=(self._mono_ns() - self._begun_ns) / 1e9,
        )

    def report(self) -> SuiteReport:
        """What it came to."""
        question = self._question
        return report(
            Run(
                suite=question.suite,
                cases=question.cases,
                candidate=question.candidate.ref,
                baseline=question.baseline.ref if question.baseline else None,
                tally=self._tally,
                code=question.code,
                cut_short=self._asker.cut_short,
            )
        )
