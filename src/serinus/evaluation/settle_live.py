"""Keep what comes of calls that are being judged: each verdict in one transaction with the score that it gives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from serinus.core.judging.answer import NO_COST, Cost
from serinus.core.judging.judgement import Claim, JudgementKey, Verdict
from serinus.core.judging.live import SUSPICION, suspects
from serinus.core.judging.score import Score as Graded
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.records.labels import on_scale
from serinus.core.records.record import Score
from serinus.evaluation.ask import Bill
from serinus.evaluation.courtroom import Courtroom
from serinus.ports.retry import run_telemetry
from serinus.ports.telemetry_store import TelemetryTx

SOURCE = "judge"
_ONE = 1_000_000


class Outcome(NamedTuple):
    """What came of a claim. `again_s`: it is to be claimed again after so long; None: it is settled."""

    claim: Claim
    graded: Graded
    again_s: float | None


class Clerk:
    """Of one batch of claims. What is ready at the same time shares a transaction: a commit costs more than a verdict.
    For one loop."""

    def __init__(self, room: Courtroom, live: LiveJudge, claims: Iterable[Claim]) -> None:
        self._room = room
        self._live = live
        self._left = {claim.key: claim for claim in claims}
        self._bills: dict[JudgementKey, Bill] = {}
        self._ready: list[Outcome] = []
        self._turn = asyncio.Lock()

    def bill_of(self, claim: Claim) -> Bill:
        """On which goes what is asked for a claim: its cost is kept even if nothing comes of it."""
        return self._bills.setdefault(claim.key, Bill())

    async def keep(self, outcome: Outcome) -> None:
        """Keep it; whoever has the turn takes along what is ready by then. When it is cancelled, what is being kept is
        kept all the same."""
        self._ready.append(outcome)
        async with self._turn:
            if not self._ready:
                return
            taken, self._ready = self._ready, []
            written = asyncio.ensure_future(asyncio.to_thread(self._keep, taken))
            try:
                await asyncio.shield(written)
            finally:
                await asyncio.wait([written])  # a thread cannot be broken off
                if not written.cancelled() and written.exception() is None:
                    for one in taken:
                        del self._left[one.claim.key]

    def give_back(self) -> None:
        """What was ready is kept; all that was broken off goes back to the queue, with what it has cost."""
        kept: set[JudgementKey] = set()
        try:
            if self._ready:
                self._keep(self._ready)
                kept = {one.claim.key for one in self._ready}
        finally:
            self._return(sorted(self._left.keys() - kept))

    def _return(self, left: Sequence[JudgementKey]) -> None:
        now_us = self._room.now_us()

        def work(tx: TelemetryTx) -> None:
            for key in left:
                bill = self._bills.get(key)
                tx.give_back_judgement(self._left[key], now_us, bill.cost if bill else NO_COST)

        if left:
            run_telemetry(self._room.store, work)

    def _keep(self, taken: Sequence[Outcome]) -> None:
        now_us = self._room.now_us()
        ordered = sorted(taken, key=lambda one: one.claim.key)

        def work(tx: TelemetryTx) -> None:
            scores = [score for one in ordered for score in self._kept(tx, one, now_us)]
            if scores:
                self._room.deliver(tx, scores)

        run_telemetry(self._room.store, work)

    def _kept(self, tx: TelemetryTx, one: Outcome, now_us: int) -> list[Score]:
        """Settle it, or let it wait; the scores that it gives, none when it is somebody else's by now."""
        claim, graded = one.claim, one.graded
        if one.again_s is not None:
            cost = Cost(graded.cost_nano, graded.estimated_nano)
            tx.give_back_judgement(claim, now_us + round(one.again_s * 1e6), cost)
            return []
        verdict = _verdict(graded)
        if not tx.settle_judgement(claim, verdict, now_us):
            return []
        suspicions = [suspicion_of(claim, now_us)] if suspects(self._live, graded.value) else []
        return [*scores_of(claim, verdict, now_us), *suspicions]


def _verdict(graded: Graded) -> Verdict:
    return Verdict(
        value=graded.value,
        label=graded.label,
        reason=graded.reason,
        evidence=graded.evidence,
        cost_nano=graded.cost_nano,
        estimated_nano=graded.estimated_nano,
    )


def scores_of(claim: Claim, verdict: Verdict, at_us: int) -> list[Score]:
    """The scores that a verdict gives. Their key is the judge's digest, so that a call, a metric and a judge make one
    score, however often it is written."""
    key, value = claim.key, on_scale(claim.key.metric, verdict.value)
    if value is None:
        return []
    return [Score(key.call, at_us, key.metric, round(value * _ONE), SOURCE, key.judge, claim.app, 0, verdict.label)]


def suspicion_of(claim: Claim, at_us: int) -> Score:
    """The suspicion of a policy violation that a verdict raises, in this judge's name."""
    key = claim.key
    return Score(key.call, at_us, SUSPICION, _ONE, f"{SOURCE}-{key.judge[:8]}", key.judge, claim.app)
