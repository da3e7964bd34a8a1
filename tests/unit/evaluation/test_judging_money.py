"""What judging costs: within a day's money, whatever a provider tells of it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.judging.answer import Answer, Fault, Price
from serinus.ports.telemetry_store import TelemetryTx
from tests.unit.evaluation.courtroom import (
    APP,
    CALLS,
    JUDGE,
    LIVE,
    METRIC,
    PASS,
    Room,
    call,
    in_sample,
    judged,
    nobody,
    queued,
)


def test_I2_a_money_limit_holds_the_judge_back_and_says_so(tmp_path: Path) -> None:
    """Never above the limit; what cannot be paid for today is unscored, in both arms alike; tomorrow it goes on."""
    price = Price(input=100.0, output=100.0)  # 15 tokens: $0.0015 a verdict
    room = queued(Room(tmp_path, PASS, msgspec.structs.replace(LIVE, limit_usd_per_day=0.0075, price=price)))
    bench = room.ask()
    while asyncio.run(bench.judge(nobody)):
        pass
    states = room.states(CALLS)
    assert states.count("scored") == 5
    assert states.count("unscored") == len(CALLS) - 5
    assert bench.held_back
    with room.store.tx() as tx:
        assert tx.judging_cost(APP, METRIC, 0) == (7_500_000, 0)
    assert "the limit of $0.0075 a day is spent" in {room.found(raw)[0].verdict.reason for raw in CALLS}
    room.now_us += 20 * 3_600_000_000
    more = in_sample([call(n, hour=15) for n in range(100)], 0.1)
    room.keep(more)
    assert room.sample() == len(more)
    asyncio.run(bench.judge(nobody))
    assert not bench.held_back
    assert "scored" in room.states(more)


def untold(text: str) -> Answer:
    """An answer of a provider that does not say how many tokens there were."""
    return Answer(text=text, latency_ms=1.0)


def test_I2_what_a_provider_does_not_tell_is_estimated_and_counts_against_the_limit(tmp_path: Path) -> None:
    """Rather too much than too little, and it is told that it is an estimate."""
    price = Price(input=100.0, output=100.0)
    live = msgspec.structs.replace(LIVE, limit_usd_per_day=0.5, price=price)
    room = queued(Room(tmp_path, lambda _: untold(PASS), live))
    bench = room.ask()
    while asyncio.run(bench.judge(nobody)):
        pass
    one = room.found(CALLS[0])[0].verdict
    assert one.cost_nano == one.estimated_nano > 15 * 100_000
    paid, states = 500_000_000 // one.cost_nano, room.states(CALLS)
    assert 1 < paid < len(CALLS)
    assert (states.count("scored"), states.count("unscored")) == (paid, len(CALLS) - paid)
    with room.store.tx() as tx:
        assert tx.judging_cost(APP, METRIC, 0) == (paid * one.cost_nano, paid * one.cost_nano)


def test_I2_attempts_that_may_cost_count_against_the_limit(tmp_path: Path) -> None:
    """A request that the provider had and did not answer in time, though the call waits on."""
    live = msgspec.structs.replace(LIVE, price=Price(input=100.0, output=100.0), tries=1)
    room = Room(tmp_path, lambda _: Fault(kind="timeout", text="late"), live)
    room.keep(CALLS[:1])
    room.sample()
    judged(room)
    assert room.states(CALLS[:1]) == ["waiting"]
    with room.store.tx() as tx:
        first = tx.judging_cost(APP, METRIC, 0)
    assert first.nano == first.estimated_nano > 0
    room.world = type(room.world)(lambda _: PASS)
    room.now_us += 11_000_000
    judged(room)
    assert room.found(CALLS[0])[0].verdict.cost_nano == first.nano + 1_500_000


def test_I2_where_the_price_has_gone_nothing_is_judged_that_has_a_limit(tmp_path: Path) -> None:
    """Nobody could count the money; calls wait, and the error says why."""
    room = queued(Room(tmp_path, PASS, msgspec.structs.replace(LIVE, limit_usd_per_day=1.0)))
    bench = room.ask()
    with pytest.raises(InvalidInput, match="nobody knows the price of judge-1 any more"):
        asyncio.run(bench.judge(nobody))
    assert set(room.states(CALLS)) == {"waiting"}
    assert bench.trouble is not None
    assert "nobody knows the price" in bench.trouble.what


def test_I2_workers_share_a_money_limit(tmp_path: Path) -> None:
    """What one has in hand counts as spent for the others, until it falls silent; nothing is given up for it."""
    price = Price(input=100.0, output=100.0)
    room = queued(Room(tmp_path, PASS, msgspec.structs.replace(LIVE, limit_usd_per_day=0.0075, price=price)))
    first, second = room.ask("w1"), room.ask("w2")
    for bench in (first, second):
        assert asyncio.run(bench.judge(nobody)) == 1
    assert len(first._claim()) == 3
    assert second._claim() == []
    assert not second.held_back
    assert room.states(CALLS).count("unscored") == 0
    assert len(room.ask("w3")._claim()) == 1  # a fresh one, which finds out what one costs
    room.now_us += 31_000_000
    assert len(second._claim()) == 3


def test_I2_what_broken_off_work_has_cost_is_not_forgotten(tmp_path: Path) -> None:
    """As Ctrl-C breaks it off: of three repeats one was answered, and one was on its way, which may be billed too."""
    judge = msgspec.structs.replace(JUDGE, repeats=3)
    price = Price(input=100.0, output=100.0)
    room = Room(tmp_path, PASS, msgspec.structs.replace(LIVE, judge=judge, price=price))
    room.keep(CALLS[:1])
    room.sample()
    sent: list[bytes] = []

    async def broken_off() -> None:
        second, never = asyncio.Event(), asyncio.Event()

        async def ask(_: object, body: bytes, __: float) -> Answer:
            sent.append(body)
            if len(sent) == 2:
                second.set()
                await never.wait()
            return Answer(text=PASS, latency_ms=1.0, tokens_in=10, tokens_out=5)

        room.world.provider.ask = ask  # type: ignore[method-assign]
        task = asyncio.create_task(room.ask().judge(nobody))
        await second.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(broken_off())
    on_its_way = price.cost(len(sent[1]), Fault(kind="timeout", text="")).nano
    assert on_its_way > 0
    with room.store.tx() as tx:
        assert tx.judging_cost(APP, METRIC, 0) == (1_500_000 + on_its_way, on_its_way)
    room.world = type(room.world)(lambda _: PASS)
    assert judged(room, "w2") == 1
    assert room.found(CALLS[0])[0].verdict.cost_nano == 1_500_000 + on_its_way + 3 * 1_500_000


def test_I2_a_verdict_that_is_there_when_work_is_broken_off_is_kept(tmp_path: Path) -> None:
    """It is paid for: whether it was being written or waited for its turn to be, nobody is asked for it again."""
    room = queued(Room(tmp_path, PASS, msgspec.structs.replace(LIVE, price=Price(input=100.0, output=100.0))))
    tx, loops, free = room.store.tx, threading.get_ident(), threading.Event()

    def slow() -> AbstractContextManager[TelemetryTx]:
        if threading.get_ident() != loops and room.world.provider.bodies:
            assert free.wait(60)
        return tx()

    async def broken_off() -> None:
        said = asyncio.Event()

        def says(_: object) -> str:
            if len(room.world.provider.bodies) == len(CALLS) and not room.world.provider.in_flight:
                said.set()
            return PASS

        room.world.provider.says = says
        room.store.tx = slow  # type: ignore[method-assign]
        task = asyncio.create_task(room.ask().judge(nobody))
        await said.wait()
        task.cancel()
        free.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(broken_off())
    assert set(room.states(CALLS)) == {"scored"}
    assert judged(room, "w2") == 0
    with room.store.tx() as reads:
        assert reads.judging_cost(APP, METRIC, 0) == (len(CALLS) * 1_500_000, 0)
