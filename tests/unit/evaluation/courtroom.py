"""A queue, texts in real files, a judge in memory and a clock that is told: what live judging needs, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from serinus.adapters.event_log import ParquetLog
from serinus.adapters.memory_store import memory_stores
from serinus.adapters.payload_looks import PayloadLooks
from serinus.agent.deliver import deliver
from serinus.core.judging.answer import Answer, Fault
from serinus.core.judging.calibration import Agreement, Calibration
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.judgement import Judgement
from serinus.core.judging.scorers import Judge
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.records import call_id, payload
from serinus.core.records.labels import Awaiting
from serinus.core.records.payload import LoggedPayload
from serinus.core.records.record import Payload
from serinus.core.records.sampling import below, sampled
from serinus.core.routing.assignment import Arm
from serinus.core.routing.snapshot import Endpoint
from serinus.evaluation.courtroom import Courtroom
from serinus.evaluation.judge_live import LiveBench
from serinus.evaluation.log_live import HOST, ScoreLog
from serinus.evaluation.sample_live import Sampler
from serinus.ports.payloads import PayloadBatch
from tests.unit.evaluation.provider import ENDPOINT, Says, World

METRIC = "judge.correctness"
JUDGE = Judge(criterion="It is right.", endpoint="sim", model="judge-1")
LIVE = LiveJudge(metric=METRIC, judge=JUDGE, share=0.1, at_least=0)
APP = "shop"
SPOOL = "a" * 32 + "-00000000"
NOON_US = 500_000 * 3_600_000_000  # a full hour
RAW_RELEASE = bytes(range(16))
PASS = '{"reason": "It is right.", "grade": "pass"}'
FAIL = '{"reason": "It is wrong.", "grade": "fail"}'


def call(number: int, arm: int = 0, *, hour: int = 0, release: bytes = bytes(16)) -> bytes:
    """A call that began `number` ms after an hour."""
    at_ms = NOON_US // 1000 + hour * 3_600_000 + number
    stratum = 0 if any(release) else -1
    return call_id.make(
        b"k",
        APP.encode(),
        at_ms,
        number.to_bytes(5, "big"),
        release,
        arm,
        stratum,
        bytes(6) + number.to_bytes(2, "big"),
    )


def text_of(raw: bytes, answer: str = "We are open until six.", question: str = "When are you open?") -> Payload:
    """What is kept of it."""
    request = {"messages": [{"role": "user", "content": question}], "variables": {"shop": "Nord"}}
    said = {"texts": [answer] if answer else [], "tools": []}
    at_us = call_id.parse(raw).at_ms * 1000
    return Payload(raw, msgspec.json.encode(request), msgspec.json.encode(said), at_us, APP)


def config(*judges: LiveJudge, payload_share: float = 1.0) -> AppConfig:
    """An app with live judges."""
    return AppConfig(name=APP, payload_share=payload_share, live_judges=judges or (LIVE,))


class Room:
    """All of it."""

    def __init__(self, folder: Path, says: Says | str = PASS, live: LiveJudge = LIVE) -> None:
        self.world = World(says if callable(says) else lambda _: says)
        _, self.store = memory_stores(bytes)
        self.folder = folder
        self.log = ParquetLog(folder)
        self.texts = PayloadLooks(folder)
        self.now_us = NOON_US + 60_000_000
        self.awaiting: Awaiting = {}
        self.live = live
        self.app = config(live)
        self._written = 0
        self.sampler = Sampler(self.store, self.texts)
        self.prompts: Callable[[Collection[str]], Mapping[str, str]] = lambda _: {}

    def ask(self, holder: str = "w1", endpoint: Endpoint = ENDPOINT) -> LiveBench:
        """The judge, in a worker of this name, which has no keys."""

        def told(tx, scores):  # type: ignore[no-untyped-def]
            deliver(tx, scores, HOST, self.now_us, self.awaiting)

        room = Courtroom(
            store=self.store,
            texts=self.texts,
            world=self.world.surroundings(),
            now_us=lambda: self.now_us,
            holder=holder,
            deliver=told,
            secret=lambda name: "",
            prompts=self.prompts,
        )
        return LiveBench(room, APP, self.live, endpoint, None)

    def keep(self, calls: Sequence[bytes], make: Callable[[bytes], Payload] = text_of) -> None:
        """Texts of these calls come into the files, as an agent writes them."""
        rows = [payload.row(make(raw)) for raw in calls]
        end = self._written + 10
        self.log.write_payloads(PayloadBatch(spool=SPOOL, start=self._written, end=end, rows=rows))
        self._written = end

    def sample(self, *, alone: Sequence[str] = (), app: AppConfig | None = None) -> int:
        """Look at what has come."""
        return self.sampler.sample([app or self.app], alone, self.now_us)

    def scores(self, instance: str = "b" * 32) -> int:
        """Bring what was judged into the log; how many."""
        return ScoreLog(self.store, self.log, instance).flush()

    def found(self, raw: bytes) -> list[Judgement]:
        """What is known of a call."""
        with self.store.tx() as tx:
            return tx.judgements(raw)

    def states(self, calls: Sequence[bytes]) -> list[str]:
        """Where each stands; empty: it is not in the queue."""
        return [found[0].state if (found := self.found(raw)) else "" for raw in calls]


def in_sample(calls: Sequence[bytes], share: float) -> list[bytes]:
    """Those that a share takes."""
    return [raw for raw in calls if sampled(raw, below(share))]


CALLS = in_sample([call(n, int(Arm.CANDIDATE), release=RAW_RELEASE) for n in range(200)], 0.1)
"""Of a candidate, and in the sample of the judge."""


def nobody(_: LoggedPayload) -> bool:
    """No text is erased."""
    return False


def judged(room: Room, holder: str = "w1") -> int:
    """Judge what waits, in a worker of this name; how many were taken up."""
    return asyncio.run(room.ask(holder).judge(nobody))


def queued(room: Room) -> Room:
    """With the calls in the queue."""
    room.keep(CALLS)
    assert room.sample() == len(CALLS)
    return room


def carrying(judge: Judge) -> dict[str, Any]:
    """A calibration that lets a judge act."""
    counts = {("fail", "fail"): 57, ("fail", "pass"): 3, ("pass", "fail"): 4, ("pass", "pass"): 56}
    agreement = tuple(Agreement(human=human, judge=said, count=n) for (human, said), n in counts.items())
    found = Calibration(judge=judge_digest(judge), labels="f" * 64, good=("pass",), agreement=agreement)
    tree: dict[str, Any] = msgspec.to_builtins(found)
    return tree


def digest() -> str:
    """The judge's."""
    return judge_digest(JUDGE)


Said = Answer | Fault | str
