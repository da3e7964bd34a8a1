"""What the simulated provider has done: counts to compare with what Serinus saw."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import xxhash

from serinus.sim.rates import Flaw

_GROUPS_KEPT = 1000


def prompt_name(system: str) -> str:
    """The name of a system prompt in the counts: 16 hex digits of xxh3_64 over its UTF-8 text."""
    return xxhash.xxh3_64_hexdigest(system.encode("utf-8", "surrogatepass"))


class Group(msgspec.Struct):
    """Counts of one model or one system prompt. `requests` includes those struck by a fault."""

    requests: int = 0
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    flaws: dict[str, int] = {}


class Stats:
    """Counts since the start or the last reset."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.connections = 0
        self.reset()

    def reset(self) -> None:
        """Begin anew; what is open now stays counted as open."""
        self.requests = 0
        self.left_early = 0
        self.rejected = 0
        self.faults: dict[str, int] = {}
        self.models: dict[str, Group] = {}
        self.prompts: dict[str, Group] = {}

    def answered(self, model: str, system: str, tokens: tuple[int, int], flaws: Iterable[Iterable[Flaw]]) -> None:
        """An answer was drawn: tokens of prompt and completion, and the flaws of each choice."""
        drawn = [list(choice) for choice in flaws]
        for group in self._groups(model, system):
            group.requests += 1
            group.answers += len(drawn)
            group.prompt_tokens += tokens[0]
            group.completion_tokens += tokens[1]
            for choice in drawn:
                for flaw in choice:
                    group.flaws[flaw.value] = group.flaws.get(flaw.value, 0) + 1

    def struck(self, kind: str, model: str, system: str) -> None:
        """A fault took the place of an answer, or spoilt it."""
        self.faults[kind] = self.faults.get(kind, 0) + 1
        for group in self._groups(model, system):
            group.requests += 1

    def _groups(self, model: str, system: str) -> Iterable[Group]:
        for kept, name in ((self.models, model), (self.prompts, prompt_name(system))):
            if name not in kept and len(kept) >= _GROUPS_KEPT:
                name = "others"
            group = kept.get(name)
            if group is None:
                group = kept[name] = Group()
            yield group

    def document(self) -> dict[str, Any]:
        """The JSON of `GET /sim/stats`."""
        return {
            "requests": self.requests,
            "in_flight": self.in_flight,
            "connections": self.connections,
            "left_early": self.left_early,
            "rejected": self.rejected,
            "faults": self.faults,
            "models": {name: msgspec.structs.asdict(group) for name, group in self.models.items()},
            "prompts": {name: msgspec.structs.asdict(group) for name, group in self.prompts.items()},
        }
