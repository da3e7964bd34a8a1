"""What came of one rehearsed release."""

from __future__ import annotations

from typing import Literal

import msgspec

End = Literal["promoted", "rolled_back", "paused", "unfinished"]
"""`paused`: it waited for a person when the rehearsal ended; `unfinished`: it still waited for data, units or time."""


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """`end_s` is when it came to `end`; `steps_s` when each step began. `harm_s`: when the candidate began to harm
    (None: not before the end). `exposed` users saw the candidate, in `calls` calls; `bad` of them had a bad event, of
    which `extra` would not have been expected of the baseline. `question` is what decided (`harm`, `limits`, …),
    `reason` its sentence; `pauses` counts pauses, `looks` the rounds that were judged."""

    index: int
    end: End
    end_s: float
    steps_s: tuple[float, ...]
    harm_s: float | None
    exposed: int
    calls: int
    bad: int
    extra: float
    question: str
    reason: str
    pauses: int
    looks: int

    @property
    def stopped_step(self) -> int:
        """The step on which it ended, from 0."""
        return len(self.steps_s) - 1

    @property
    def caught(self) -> bool:
        """Rolled back after harm had begun."""
        return self.end == "rolled_back" and self.harm_s is not None and self.harm_s <= self.end_s

    @property
    def false(self) -> bool:
        """Rolled back without harm."""
        return self.end == "rolled_back" and not self.caught
