"""A provider in memory: answers by a function, counts, and fails on demand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from serinus.core.judging.answer import Answer, Fault
from serinus.core.routing.snapshot import Endpoint, Message, Version
from serinus.evaluation.ask import Surroundings
from serinus.evaluation.run_suite import Progress
from serinus.evaluation.target import Target

ENDPOINT = Endpoint(name="sim", base_url="http://127.0.0.1:9/v1")
Says = Callable[[dict[str, Any]], Answer | Fault | str]


class Provider:
    """What is asked goes to `says`; texts become answers of 10 + 5 tokens."""

    def __init__(self, says: Says) -> None:
        self.says = says
        self.bodies: list[dict[str, Any]] = []
        self.in_flight = self.most_in_flight = 0

    async def ask(self, endpoint: Endpoint, body: bytes, timeout_s: float) -> Answer | Fault:
        """One turn of the loop for each answer, so that others can be on their way at the same time."""
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        tree = json.loads(body)
        self.bodies.append(tree)
        await asyncio.sleep(0)
        self.in_flight -= 1
        said = self.says(tree)
        return Answer(text=said, latency_ms=1.0, tokens_in=10, tokens_out=5) if isinstance(said, str) else said


class World:
    """A clock that jumps as far as anybody waits."""

    def __init__(self, says: Says) -> None:
        self.provider = Provider(says)
        self.now_ns = 0
        self.waits: list[float] = []

    async def pause(self, seconds: float) -> None:
        """Time goes by at once."""
        self.waits.append(seconds)
        self.now_ns += int(seconds * 1e9)
        await asyncio.sleep(0)

    def surroundings(self) -> Surroundings:
        """What a run needs; the beat waits for ever, so that tests see only the waits of asking."""

        async def pause(seconds: float) -> None:
            if seconds == 0.5 and not self.provider.in_flight:
                await asyncio.sleep(0.001)
                return
            await self.pause(seconds)

        return Surroundings(completions=self.provider, mono_ns=lambda: self.now_ns, pause=pause, uniform=lambda: 0.5)


def a_target(model: str = "m-1", system: str = "Be kind.") -> Target:
    """A version whose digest follows from its model and prompt."""
    version = Version(
        digest=f"{model} {system}".encode().hex().ljust(64, "0")[:64],
        name=model,
        behaviour="b",
        endpoint="sim",
        model=model,
        messages=(Message(role="system", template=system),),
        parameters='"temperature":0.5',
    )
    return Target(version, ENDPOINT, None)


async def silent(_: Progress) -> None:
    """Nobody looks."""
