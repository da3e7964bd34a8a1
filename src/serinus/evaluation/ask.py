"""Ask within limits of rate, money and time, and ask again when that may help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from serinus.core.judging.answer import NO_COST, RETRIED, Answer, Cost, Fault, Price
from serinus.core.routing.snapshot import Endpoint
from serinus.ports.completions import Completions

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_LONGEST_ASKED_S = 120.0

_BROKEN_OFF = Fault(kind="timeout", text="nobody waits for the answer any more")

Pause = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run needs of the world. `uniform` gives numbers in [0, 1) for the jitter of waits."""

    completions: Completions
    mono_ns: Callable[[], int]
    pause: Pause
    uniform: Callable[[], float]


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a run; 0 is none. `tries`: how often a request is sent in all."""

    requests_per_minute: float = 0.0
    max_cost_nano: int = 0
    budget_s: float = 0.0
    timeout_s: float = 60.0
    tries: int = 4


class Bill:
    """What requests cost, as they come to something; unknown prices cost nothing."""

    def __init__(self) -> None:
        self.cost = NO_COST

    def add(self, cost: Cost) -> None:
        """One more."""
        self.cost = self.cost.plus(cost)


class Asker:
    """Sends the requests of one run."""

    def __init__(self, world: Surroundings, bounds: Bounds) -> None:
        self._world = world
        self._bounds = bounds
        begun_ns = world.mono_ns()
        self._end_ns = begun_ns + int(bounds.budget_s * 1e9) if bounds.budget_s else 0
        self._interval_ns = int(60e9 / bounds.requests_per_minute) if bounds.requests_per_minute else 0
        self._next_ns = begun_ns
        self._in_flight = 0
        self._dearest_nano = 0
        self.cost_nano = 0
        self.requests = 0
        self.cut_short = ""

    async def ask(
        self, endpoint: Endpoint, body: bytes, price: Price | None, bill: Bill | None = None
    ) -> Answer | Fault | None:
        """The answer, or the last fault; None when a limit stands against it (`cut_short` says which). All that was
        sent for it is on the `bill`. When it is cancelled, what is under way may cost, as after a time-out."""
        outcome: Answer | Fault | None = None
        for attempt in range(self._bounds.tries):
            if not self._may_ask():
                return outcome
            await self._turn()
            outcome = await self._once(endpoint, body, price, bill)
            if isinstance(outcome, Answer) or outcome.kind not in RETRIED:
                return outcome
            if attempt + 1 < self._bounds.tries:
                await self._world.pause(self._wait_s(attempt, outcome))
        return outcome

    async def _once(self, endpoint: Endpoint, body: bytes, price: Price | None, bill: Bill | None) -> Answer | Fault:
        self._in_flight += 1
        self.requests += 1
        outcome: Answer | Fault = _BROKEN_OFF
        try:
            outcome = await self._world.completions.ask(endpoint, body, self._bounds.timeout_s)
        finally:
            self._in_flight -= 1
            cost = price.cost(len(body), outcome) if price is not None else NO_COST
            self.cost_nano += cost.nano
            self._dearest_nano = max(self._dearest_nano, cost.nano)
            if bill is not None:
                bill.add(cost)
        return outcome

    def _may_ask(self) -> bool:
        """Requests that are on their way count as the dearest so far: the ceiling is not passed by many at once."""
        expected = self.cost_nano + (self._in_flight + 1) * self._dearest_nano
        if self._bounds.max_cost_nano and expected > self._bounds.max_cost_nano:
            self.cut_short = f"the cost ceiling of ${self._bounds.max_cost_nano / 1e9:g} is reached"
        elif self._end_ns and self._world.mono_ns() >= self._end_ns:
            self.cut_short = f"the time budget of {self._bounds.budget_s:g} s is over"
        return not self.cut_short

    async def _turn(self) -> None:
        """Wait for this request's place in the rate."""
        if not self._interval_ns:
            return
        now_ns = self._world.mono_ns()
        mine_ns = max(self._next_ns, now_ns)
        self._next_ns = mine_ns + self._interval_ns
        if mine_ns > now_ns:
            await self._world.pause((mine_ns - now_ns) / 1e9)

    def _wait_s(self, attempt: int, fault: Fault) -> float:
        """Full jitter over doubling waits, and never sooner than the provider asks for."""
        wait_s: float = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt) * (0.5 + self._world.uniform() / 2)
        return max(wait_s, min(fault.retry_after_s, _LONGEST_ASKED_S))
