"""What came of one rehearsed release."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.decision.control_ill import CONTROL_HEALTH
from serinus.rehearsal.lack import Lack

End = Literal["promoted", "rolled_back", "rejected", "paused", "unfinished"]
"""`rejected`: it ended before any user saw the candidate; `paused`: it waited for a person when the rehearsal ended;
`unfinished`: it still waited for data, units or time."""


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """`end_s` is when it came to `end`; `steps_s` when each step began. `harm_s`: when the candidate began to harm
    (None: not before the end). `exposed` users saw the candidate, in `calls` calls; `bad` of them had a bad event, of
    which `extra` would not have been expected of the baseline. `question` is what decided (`harm`, `limits`, …), and
    whether it `accused` the candidate, `reason` its sentence; `pauses` counts pauses, `looks` the rounds that were
    judged. `held_s`: since when it waits for a person; None if it does not. `acted`: the monitors that paused it or
    took it back, and when each first did; `delayed`: the required ones that kept it on a step that was served. `lacks`:
    what it waited for in its last round, when the rehearsal ended before it did."""

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
    accused: bool
    reason: str
    pauses: int
    looks: int
    held_s: float | None = None
    acted: tuple[tuple[str, float], ...] = ()
    delayed: tuple[str, ...] = ()
    lacks: tuple[Lack, ...] = ()

    @property
    def stopped_s(self) -> float:
        """When it was stopped: paused for a person or ended. Users go on to see one that waits."""
        return self.end_s if self.held_s is None else self.held_s

    @property
    def stopped_step(self) -> int:
        """The step on which it ended, from 0; −1: before the first one."""
        return len(self.steps_s) - 1

    @property
    def caught(self) -> bool:
        """Stopped after harm had begun: rolled back, rejected, held by an accusation until a person looks, or held
        before any user saw the candidate."""
        if self.harm_s is None or self.harm_s > self.stopped_s:
            return False
        return self.stopped or (self.end == "paused" and not self.calls)

    @property
    def false(self) -> bool:
        """Stopped without harm: rolled back, rejected, or held by an accusation."""
        return self.stopped and (self.harm_s is None or self.harm_s > self.stopped_s)

    @property
    def control_ill(self) -> bool:
        """Held for the live version's own health, which blames no candidate."""
        return self.end == "paused" and self.question == CONTROL_HEALTH

    @property
    def stopped(self) -> bool:
        """Ended, or held, because something spoke against the candidate."""
        return self.end in ("rolled_back", "rejected") or (self.end == "paused" and self.accused)
