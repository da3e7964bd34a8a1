"""One worker judges all apps: what is declared now, what holds a judge back told once, what is erased forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from serinus.adapters.memory_store import MemoryControlStore, memory_stores
from serinus.agent.deliver import deliver
from serinus.control.configure_app import configure_app
from serinus.control.configure_endpoint import configure_endpoint
from serinus.core.errors import StoreUnavailable
from serinus.core.judging.answer import Price
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.records import call_id
from serinus.core.records.record import Score
from serinus.core.routing.snapshot import Endpoint
from serinus.evaluation.courtroom import Courtroom
from serinus.evaluation.judge_apps import Judging
from serinus.evaluation.log_live import HOST, ScoreLog
from serinus.evaluation.settle_live import Clerk
from serinus.ports.control_store import Page
from serinus.ports.payloads import Erasure
from serinus.ports.telemetry_store import TelemetryTx
from tests.unit.evaluation.courtroom import APP, LIVE, METRIC, PASS, Room, call, config, in_sample

CALLS = in_sample([call(number) for number in range(100)], 0.1)


class Worker:
    """A worker over the room's queue and texts, and a control store in memory."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.control: MemoryControlStore = memory_stores(bytes)[0]
        configure_endpoint(self.control, 1, "test", Endpoint(name="sim", base_url="http://127.0.0.1:9/v1"))

        def told(tx: TelemetryTx, scores: Sequence[Score]) -> None:
            deliver(tx, scores, HOST, room.now_us, self.judging.awaiting)

        court = Courtroom(
            store=room.store,
            texts=room.texts,
            world=room.world.surroundings(),
            now_us=lambda: room.now_us,
            holder="w1",
            deliver=told,
            prompts=lambda _: {},
            secret=lambda name: "",
        )
        self.judging = Judging(court, self.control, ScoreLog(room.store, room.log, "d" * 32))

    def declare(self, *judges: LiveJudge) -> None:
        """What the app's file says."""
        configure_app(self.control, self.room.now_us, "test", msgspec.structs.replace(config(), live_judges=judges))

    def round(self) -> None:
        """Prepare, judge all, and bring it into the log."""
        self.judging.prepare()
        for bench in self.judging.benches.values():
            asyncio.run(self.judging.judge(bench))
        self.judging.prepare()

    def notices(self) -> list[tuple[str, str]]:
        """What was told."""
        with self.control.tx() as tx:
            return [(one.kind, one.subject) for one in tx.notices(Page(limit=10))[0]]

    def actions(self) -> list[str]:
        """What is on the trail."""
        with self.control.tx() as tx:
            return [one.action for one in tx.audit_newest(APP, Page(limit=10))[0]]


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(Room(tmp_path, PASS))


def test_I2_a_round_samples_judges_and_logs(worker: Worker) -> None:
    """And tells that somebody looks; a worker that starts anew finds nothing to do again."""
    worker.declare(LIVE)
    worker.room.keep(CALLS)
    worker.round()
    assert set(worker.room.states(CALLS)) == {"scored"}
    assert len(worker.room.log.scores([call_id.text(raw) for raw in CALLS], [])) == len(CALLS)
    with worker.room.store.tx() as tx:
        assert tx.sampled_until_us() == worker.room.now_us
    asked = len(worker.room.world.provider.bodies)
    again = Worker(worker.room)
    again.declare(LIVE)
    again.round()
    assert len(worker.room.world.provider.bodies) == asked == len(CALLS)


def test_I2_what_waits_for_a_judge_that_was_changed_is_unscored(worker: Worker) -> None:
    """It says so, and calls that come later go to the new one."""
    worker.declare(LIVE)
    worker.room.keep(CALLS)
    worker.judging.prepare()
    judge = msgspec.structs.replace(LIVE.judge, criterion="It is kind.")
    worker.declare(msgspec.structs.replace(LIVE, judge=judge))
    worker.round()
    assert set(worker.room.states(CALLS)) == {"unscored"}
    assert worker.room.found(CALLS[0])[0].verdict.reason == "no such judge is declared any more"
    later = in_sample([call(number) for number in range(100, 200)], 0.1)
    worker.room.keep(later)
    worker.round()
    assert set(worker.room.states(later)) == {"scored"}
    assert "It is kind." in str(worker.room.world.provider.bodies[-1])


def test_I2_a_judge_that_its_money_holds_back_is_told_once_a_day(worker: Worker) -> None:
    """A notice and an entry of the trail, whichever worker sees it, however often it looks."""
    worker.declare(msgspec.structs.replace(LIVE, limit_usd_per_day=0.002, price=Price(input=100.0, output=100.0)))
    worker.room.keep(CALLS)
    worker.round()
    worker.round()
    other = Worker(worker.room)
    other.control = worker.control
    other.judging = Judging(other.judging._room, worker.control, ScoreLog(worker.room.store, worker.room.log, "e" * 32))
    other.round()
    assert worker.notices() == [("hold_back", f"{APP} {METRIC}")]
    assert worker.actions().count("tick:judge:hold_back") == 1
    assert worker.room.states(CALLS).count("scored") == 1


def test_I2_a_judge_whose_limits_were_changed_does_not_go_on_by_the_old_ones(worker: Worker) -> None:
    """However much waits: what is under way is brought to its end, and no more is taken up."""
    worker.declare(msgspec.structs.replace(LIVE, concurrency=1))
    calls = in_sample([call(number) for number in range(600)], 0.1)
    worker.room.keep(calls)
    worker.judging.prepare()
    [bench] = worker.judging.benches.values()
    limited = msgspec.structs.replace(LIVE, limit_usd_per_day=0.002, price=Price(input=100.0, output=100.0))
    judge = bench.judge

    async def judge_and_change(*args: Any) -> int:
        found = await judge(*args)
        worker.declare(limited)
        worker.judging.prepare()
        return found

    bench.judge = judge_and_change  # type: ignore[method-assign]
    asyncio.run(worker.judging.judge(bench))
    assert len(worker.room.world.provider.bodies) == 8


def test_I2_what_another_worker_sampled_for_a_judge_that_is_gone_is_found_within_half_a_minute(worker: Worker) -> None:
    """It need not be looked for in every round, over all that waits."""
    worker.declare(LIVE)
    worker.judging.prepare()
    worker.declare()
    worker.judging.prepare()
    worker.room.keep(CALLS)
    assert worker.room.sample() == len(CALLS)
    worker.judging.prepare()
    assert set(worker.room.states(CALLS)) == {"waiting"}
    worker.room.now_us += 30_000_000
    worker.judging.prepare()
    assert {worker.room.found(raw)[0].verdict.reason for raw in CALLS} == {"no such judge is declared any more"}


def test_I2_what_is_being_judged_is_kept_and_what_a_store_that_went_away_left_comes_back(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker does not keep for itself what it gave up by an error, however long it goes on."""
    worker.declare(LIVE)
    worker.room.keep(CALLS)
    worker.judging.prepare()
    [bench] = worker.judging.benches.values()
    broken = StoreUnavailable("gone", where="store", mend="wait")
    renewed = list[int]()

    def kept_then_broken(*_: object) -> None:
        worker.room.now_us += 20_000_000
        worker.judging.renew()
        with worker.room.store.tx() as tx:
            renewed.append(tx.judgements_in_hand(APP, METRIC, worker.room.now_us + 29_000_000))
        raise broken

    with monkeypatch.context() as patched:
        patched.setattr(Clerk, "_keep", kept_then_broken)
        patched.setattr(Clerk, "give_back", kept_then_broken)
        with pytest.raises((StoreUnavailable, ExceptionGroup)):
            asyncio.run(worker.judging.judge(bench))
    assert renewed[0] == len(CALLS)
    worker.room.now_us += 20_000_000
    worker.judging.renew()
    worker.room.now_us += 11_000_000
    asyncio.run(worker.judging.judge(bench))
    assert set(worker.room.states(CALLS)) == {"scored"}


def test_L_what_a_judge_said_goes_with_a_users_texts(worker: Worker) -> None:
    """The grade stays, and texts that are erased but not deleted yet are not sent to anybody."""
    worker.declare(LIVE)
    worker.room.keep(CALLS[:2])
    worker.round()
    first, second, third = CALLS[:3]
    assert worker.room.found(first)[0].verdict.evidence == "It is right."
    with worker.control.tx() as tx:
        for raw in (first, third):
            tx.put_erasure(Erasure(unit=call_id.parse(raw).unit.hex(), at_us=worker.room.now_us))
    worker.room.keep([third])
    worker.round()
    verdicts = [worker.room.found(raw)[0].verdict for raw in (first, second, third)]
    assert [(one.evidence, one.value) for one in verdicts] == [("", 1.0), ("It is right.", 1.0), ("", None)]
    assert verdicts[2].reason == "its texts are gone"
    assert len(worker.room.world.provider.bodies) == 2


def test_I2_single_judgements_are_forgotten_after_two_weeks(worker: Worker) -> None:
    """Their scores are in the event log."""
    worker.declare(LIVE)
    worker.room.keep(CALLS)
    worker.round()
    worker.room.now_us += 15 * 86_400_000_000
    worker.round()
    assert set(worker.room.states(CALLS)) == {""}
    assert len(worker.room.log.scores([call_id.text(raw) for raw in CALLS], [])) == len(CALLS)
