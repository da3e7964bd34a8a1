"""Judge the calls in the queue: claim, ask, and settle each verdict in one transaction with the score it gives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import Answer, Price
from serinus.core.judging.case import Case
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.judgement import Claim, Trouble, begun_at_us
from serinus.core.judging.live import GONE, STALE, is_away, shown, wait_s
from serinus.core.judging.reach import Reach, after_miss
from serinus.core.judging.score import SILENT, unscored
from serinus.core.judging.score import Score as Graded
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.records import call_id
from serinus.core.records.payload import LoggedPayload
from serinus.core.routing.snapshot import Endpoint
from serinus.evaluation.ask import Asker, Bill, Bounds
from serinus.evaluation.courtroom import Courtroom, Erased
from serinus.evaluation.judge_answer import Bench
from serinus.evaluation.settle_live import Clerk, Outcome
from serinus.ports.retry import run_telemetry
from serinus.ports.telemetry_store import TelemetryTx

HIDDEN_S = 30.0
"""After so long without a word from its worker a claimed call goes back to the queue."""
_DAY_US = 86_400_000_000
_OLDEST_US = 2 * _DAY_US  # what a judge says of older calls tells nothing of those of today
_BATCH = 8  # claims per request at a time: texts are read for all of them at once
_MOST = 256  # in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What there is of claimed calls: their texts, and the prompts of the versions that answered."""

    texts: Mapping[str, LoggedPayload]
    prompts: Mapping[str, str]

    def of(self, claim: Claim, erased: Erased, now_us: int) -> tuple[Case, Answer, str] | str:
        """What is asked now of a call that was claimed a while ago; or why nothing is."""
        if begun_at_us(claim.key.call) < now_us - _OLDEST_US:
            return STALE
        kept = self.texts.get(call_id.text(claim.key.call))
        if kept is None or erased(kept):
            return GONE
        found = shown(kept)
        return found if isinstance(found, str) else (*found, self.prompts.get(kept.version, ""))


class LiveBench:
    """One live judge of one app, at its endpoint; for one loop. `price` None: nobody knows what its answers cost."""

    def __init__(self, room: Courtroom, app: str, live: LiveJudge, endpoint: Endpoint, price: Price | None) -> None:
        self._room = room
        self._app = app
        self.live = live
        self._judge = judge_digest(live.judge)
        bounds = Bounds(requests_per_minute=live.requests_per_minute, timeout_s=live.timeout_s, tries=live.tries)
        self._priced = live.price is not None or price is not None
        self._bench = Bench(Asker(room.world, bounds), live.judge, endpoint, live.price or price)
        self._endpoint = endpoint
        self._dearest_nano = 0
        self._reach = Reach()
        self._batch = 0
        self.holder = ""  # of the calls that are being judged; another one each time: what failed is renewed by nobody
        self.held_back = False
        self.trouble: Trouble | None = None  # the last: what this judge did not answer, or why nothing is asked of it

    @property
    def away(self) -> str:
        """Why calls wait though nothing else holds them up, in a sentence; empty: the judge answers."""
        return f"endpoint {self._endpoint.name} does not answer; calls wait until it does" if self._reach.away else ""

    async def judge(self, erased: Erased) -> int:
        """Judge some of the calls that wait, if any; how many were taken up. Cancelled: they go back at once, as do
        those that were not asked yet when the judge turns out to be away. `erased` says whose texts must not be read
        any more. InvalidInput when this worker has no key for the endpoint: another one may; and when there is a limit
        on money, and no price any more to count it by."""
        try:
            self._check()
        except InvalidInput as error:
            self._note(error.what)
            raise
        if self._reach.rests(self._room.now_us()):
            return 0
        claims = await asyncio.to_thread(self._claim)
        if not claims:
            return 0
        clerk = Clerk(self._room, self.live, claims)
        try:
            material = await asyncio.to_thread(self._material_of, claims)
            room = asyncio.Semaphore(self.live.concurrency)
            async with asyncio.TaskGroup() as group:
                for claim in claims:
                    group.create_task(self._one(room, claim, material, erased, clerk))
        finally:
            self.holder = ""
            clerk.give_back()
        return len(claims)

    def _check(self) -> None:
        name, model = self._endpoint.api_key_env, self.live.judge.model
        if self.live.limit_usd_per_day and not self._priced:
            raise InvalidInput(
                f"nobody knows the price of {model} any more, which has a limit, so that nothing is judged",
                where=f"endpoint {self._endpoint.name}",
                mend=f"declare the price: `prices: {{{model}: {{input: …, output: …}}}}`",
            )
        if name and not self._room.secret(name):
            raise InvalidInput(
                f"{name} is not set, so that nothing is judged here",
                where=f"endpoint {self._endpoint.name}",
                mend=f"export {name}=… where the worker runs",
            )

    async def _one(
        self,
        room: asyncio.Semaphore,
        claim: Claim,
        material: _Material,
        erased: Erased,
        clerk: Clerk,
    ) -> None:
        async with room:
            now_us = self._room.now_us()
            if self._reach.rests(now_us):
                return
            what = material.of(claim, erased, now_us)
            graded = unscored(what) if isinstance(what, str) else await self._ask(claim, *what, clerk.bill_of(claim))
        self._dearest_nano = max(self._dearest_nano, graded.cost_nano)
        again_s = wait_s(graded.reason, claim.attempts, self._reach.away)
        await clerk.keep(Outcome(claim, graded, again_s))

    async def _ask(self, claim: Claim, case: Case, answer: Answer, prompt: str, bill: Bill) -> Graded:
        graded = await self._bench.grade(case, answer, prompt, bill)
        missed = graded.value is None and is_away(graded.reason)
        if graded.reason.startswith(SILENT):
            self._note(graded.reason)
        self._reach = after_miss(self._reach, claim.key.call, self._room.now_us()) if missed else Reach()
        return graded

    def _note(self, what: str) -> None:
        self.trouble = Trouble(metric=self.live.metric, judge=self._judge, what=what, at_us=self._room.now_us())

    def _claim(self) -> list[Claim]:
        """As many as may be taken up; of a money limit, no more than what is left of it can pay beside what other
        workers have in hand; of a judge that was away, one."""
        now_us = self._room.now_us()
        most = 1 if self._reach.away else min(_MOST, self.live.concurrency * _BATCH)
        until_us = now_us + round(HIDDEN_S * 1e6)
        self._batch += 1
        self.holder = f"{self._room.holder}-{now_us}-{self._batch}"

        def work(tx: TelemetryTx) -> list[Claim]:
            payable = self._payable(tx, now_us)
            self.held_back = payable == 0
            if self.held_back:
                reason = f"the limit of ${self.live.limit_usd_per_day:g} a day is spent"
                tx.give_up_judgements(self._app, self.live.metric, self._judge, reason, now_us)
                return []
            count = most
            if payable is not None:
                known = self._dearest_nano  # else the first one tells, whatever a killed worker may still have in hand
                held = tx.judgements_in_hand(self._app, self.live.metric, now_us) if known else 0
                count = min(most, payable - held)
            if count <= 0:
                return []
            return tx.claim_judgements(self._app, self.live.metric, self._judge, self.holder, now_us, until_us, count)

        return run_telemetry(self._room.store, work)

    def _payable(self, tx: TelemetryTx, now_us: int) -> int | None:
        """For how many more calls today's money lasts, each as dear as the dearest so far; None: there is no limit."""
        if not self.live.limit_usd_per_day:
            return None
        left_nano = self._left_nano(tx, now_us)
        return max(0, left_nano // self._dearest_nano) if self._dearest_nano else int(left_nano > 0)

    def _left_nano(self, tx: TelemetryTx, now_us: int) -> int:
        today_us = now_us // _DAY_US * _DAY_US
        spent = tx.judging_cost(self._app, self.live.metric, today_us)
        return round(self.live.limit_usd_per_day * 1e9) - spent.nano

    def _material_of(self, claims: Sequence[Claim]) -> _Material:
        texts = self._room.texts.texts_of([call_id.text(claim.key.call) for claim in claims])
        versions = {kept.version for kept in texts.values() if kept.version} if self.live.judge.with_prompt else set()
        return _Material(texts=texts, prompts=self._room.prompts(versions) if versions else {})
