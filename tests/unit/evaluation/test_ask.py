"""Asking keeps to its limits, and asks again where that may help."""

from __future__ import annotations

import asyncio

import pytest

from serinus.core.judging.answer import Answer, Fault, FaultKind, Price
from serinus.evaluation.ask import Asker, Bounds

from .provider import ENDPOINT, World

BODY = b'{"a": 1}'


def failing(kind: FaultKind, times: int, **changed: float) -> World:
    """Faults, then an answer."""
    left = [times]

    def says(_: object) -> Fault | str:
        left[0] -= 1
        return Fault(kind=kind, text="", **changed) if left[0] >= 0 else "yes"  # type: ignore[arg-type]

    return World(says)


@pytest.mark.parametrize("kind", ["timeout", "unreachable", "rate_limited", "upstream_error"])
async def test_D9_what_may_pass_is_asked_again_with_growing_pauses(kind: FaultKind) -> None:
    """Twice as long each time, with jitter, up to the number of tries."""
    world = failing(kind, 3)
    found = await Asker(world.surroundings(), Bounds(tries=4)).ask(ENDPOINT, BODY, None)
    assert isinstance(found, Answer)
    assert world.waits == [0.375, 0.75, 1.5]
    last = await Asker(failing(kind, 9).surroundings(), Bounds(tries=4)).ask(ENDPOINT, BODY, None)
    assert isinstance(last, Fault)


@pytest.mark.parametrize("kind", ["request_refused", "garbage"])
async def test_what_will_not_pass_is_asked_once(kind: FaultKind) -> None:
    """A refused request stays refused."""
    world = failing(kind, 1)
    assert isinstance(await Asker(world.surroundings(), Bounds()).ask(ENDPOINT, BODY, None), Fault)
    assert len(world.provider.bodies) == 1


async def test_the_provider_says_how_long_to_wait() -> None:
    """`retry-after` counts where it is longer than our own pause, and never without end."""
    world = failing("rate_limited", 1, retry_after_s=7.0)
    await Asker(world.surroundings(), Bounds()).ask(ENDPOINT, BODY, None)
    assert world.waits == [7.0]
    world = failing("rate_limited", 1, retry_after_s=80_000.0)
    await Asker(world.surroundings(), Bounds()).ask(ENDPOINT, BODY, None)
    assert world.waits == [120.0]


async def test_D9_the_rate_is_kept() -> None:
    """At 60 requests a minute the eleventh goes out ten seconds after the first."""
    world = World(lambda _: "yes")
    asker = Asker(world.surroundings(), Bounds(requests_per_minute=60))
    for _ in range(11):
        await asker.ask(ENDPOINT, BODY, None)
    assert world.now_ns == pytest.approx(10e9)


async def test_D9_the_cost_ceiling_ends_the_asking_before_it_is_passed() -> None:
    """Also with many requests on their way, since each counts as the dearest so far."""
    world = World(lambda _: "yes")
    price = Price(input=100.0, output=0.0)  # 10 tokens: a thousandth of a dollar
    asker = Asker(world.surroundings(), Bounds(max_cost_nano=10_000_000))
    await asker.ask(ENDPOINT, BODY, price)
    found = await asyncio.gather(*(asker.ask(ENDPOINT, BODY, price) for _ in range(50)))
    assert sum(one is not None for one in found) == 9
    assert asker.cost_nano == 10_000_000
    assert asker.cut_short == "the cost ceiling of $0.01 is reached"


async def test_the_time_budget_ends_the_asking() -> None:
    """And says so."""
    world = World(lambda _: "yes")
    asker = Asker(world.surroundings(), Bounds(budget_s=5))
    assert await asker.ask(ENDPOINT, BODY, None) is not None
    await world.pause(5)
    assert await asker.ask(ENDPOINT, BODY, None) is None
    assert asker.cut_short == "the time budget of 5 s is over"
