"""What a question is asked about, and what it answers."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from serinus.core.decision.allocation import SampleRatio
from serinus.core.decision.breach import Breach
from serinus.core.decision.commands import Command
from serinus.core.decision.control_health import ControlHealth
from serinus.core.decision.harm import Harm
from serinus.core.decision.margins import Margins
from serinus.core.decision.observations import Observations
from serinus.core.decision.shadow import Shadowing
from serinus.core.decision.verdict import Finding, Verdict
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A release with what is known of it. `progress` is that after this round; `margins` are judged where the step asks
    for them, `shadow` in a shadow stage. `fallen` are counters below where they stood, `most_information` is the
    largest of each ratio before this round. `now_us` is the wall clock, by which suspicions fall due and nothing
    else."""

    release: Release
    progress: Progress
    seen: Observations
    harm: Harm | None
    breaches: tuple[Breach, ...]
    margins: Margins | None = None
    sample_ratio: SampleRatio | None = None
    shadow: Shadowing | None = None
    fallen: tuple[str, ...] = ()
    most_information: dict[str, float] = {}
    now_us: int = 0
    control: ControlHealth | None = None

    @property
    def paused(self) -> bool:
        """Whether it stands still already."""
        return self.release.state is State.PAUSED


class Answer(NamedTuple):
    """What a question found, what should be done, and whether later questions are moot."""

    finding: Finding
    command: Command | None = None
    ends: bool = False


def answer(question: str, verdict: Verdict, text: str, command: Command | None = None, ends: bool = False) -> Answer:
    """An answer with its finding."""
    return Answer(Finding(question=question, verdict=verdict, text=text), command, ends)
