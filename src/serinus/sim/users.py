"""Simulated users: some come often and most rarely; they hold conversations and belong to segments."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from serinus.sim.chance import Draws
from serinus.sim.queries import Query

SEGMENTS = ("new", "new", "new", "returning", "returning", "returning", "returning", "business")
REGIONS = ("north", "south", "east", "west")
STAFF = 0.05
"""The chance that a user works for the shop itself."""
_HISTORY = 6


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How users behave. User k of `users` is active ∝ 1 / k^`zipf`; a conversation goes on with chance `go_on`."""

    users: int = 2000
    zipf: float = 0.6
    go_on: float = 0.4
    stream_share: float = 0.3


class Talk:
    """A conversation of one user: our token, and the messages so far. `waiting` while a turn is unanswered."""

    __slots__ = ("messages", "token", "turn", "waiting")

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.token = ""
        self.turn = 0
        self.waiting = False

    def answered(self, token: str, text: str) -> None:
        """The turn ended with this answer (empty: none)."""
        self.waiting = False
        self.token = token or self.token
        if text:
            self.messages.append({"role": "assistant", "content": text})
        else:
            del self.messages[-1:]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One request that a user makes."""

    number: int
    unit: str
    talk: Talk
    query: Query
    stream: bool
    metadata: dict[str, str]
    attributes: dict[str, str | bool] = {}

    def body(self, app: str) -> dict[str, Any]:
        """The chat request."""
        body: dict[str, Any] = {
            "model": app,
            "messages": list(self.talk.messages),
            "user": self.unit,
            "metadata": self.metadata,
        }
        if self.stream:
            body["stream"] = True
        return body


class Population:
    """Draws who asks what next. A user whose last turn is still unanswered begins another conversation."""

    def __init__(self, habits: Habits, queries: Sequence[Query], seed: int) -> None:
        self._habits = habits
        self._queries = queries
        self._seed = seed
        self._draws = Draws(seed, "turns")
        weights = (1.0 / (k + 1) ** habits.zipf for k in range(habits.users))
        self._reach = list(itertools.accumulate(weights))
        self._talks: dict[int, Talk] = {}
        self._number = 0

    def next_turn(self) -> Turn:
        """The next request; every turn takes the same count of draws, so that answers do not move later users."""
        draws = self._draws
        user = min(bisect.bisect_right(self._reach, draws.uniform() * self._reach[-1]), self._habits.users - 1)
        goes_on = draws.uniform() < self._habits.go_on
        query = draws.pick(self._queries)
        stream = draws.uniform() < self._habits.stream_share
        talk = self._talk(user, goes_on)
        talk.turn += 1
        talk.waiting = True
        talk.messages = [*talk.messages[-_HISTORY:], {"role": "user", "content": query.text}]
        self._number += 1
        segment, region, staff = self._who(user)
        return Turn(
            number=self._number,
            unit=f"user-{user:06d}",
            talk=talk,
            query=query,
            stream=stream,
            metadata={"segment": segment, "region": region, "sim_call": f"{self._seed}-{self._number}"},
            attributes={"segment": segment, "region": region, "staff": staff},
        )

    def _talk(self, user: int, goes_on: bool) -> Talk:
        talk = self._talks.get(user)
        if talk is None or talk.waiting or not goes_on:
            talk = self._talks[user] = Talk()
        return talk

    def _who(self, user: int) -> tuple[str, str, bool]:
        """Segment, region, and whether it is staff: the same for a user for ever."""
        draws = Draws(self._seed, "user", user)
        return draws.pick(SEGMENTS), draws.pick(REGIONS), draws.uniform() < STAFF
