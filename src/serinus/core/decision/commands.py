"""What `decide` may ask for. Each carries a one-sentence reason with its numbers."""

from __future__ import annotations

import msgspec

from serinus.core.pipeline.stages import Outcome
from serinus.core.release.yardstick import Yardstick


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base: the type's name is its tag in JSON."""

    reason: str


class Pause(_Command, frozen=True, kw_only=True, tag=True):
    """Hold the share. `auto_resume`: for missing data only. `deadline_s` (0: none): then roll back."""

    trigger: str
    auto_resume: bool = False
    deadline_s: float = 0.0


class Resume(_Command, frozen=True, kw_only=True, tag=True):
    """Go on after missing data have come back."""


class Advance(_Command, frozen=True, kw_only=True, tag=True):
    """Take the next step the plan allows; the last one is the watch. `cut`: by so much later dwells are shorter."""

    cut: float = 0.0


class EnterStage(_Command, frozen=True, kw_only=True, tag=True):
    """Enter stage `stage`, which takes no new step: the share stays."""

    stage: int


class RequestApproval(_Command, frozen=True, kw_only=True, tag=True):
    """Tell the people who may sign, once for each `evidence` digest and once more as a reminder. Changes nothing."""

    evidence: str
    reminder: bool = False


class Conclude(_Command, frozen=True, kw_only=True, tag=True):
    """Write down what the stage it is in came to; the release itself stays as it is. `evidence` is JSON."""

    stage: int
    attempt: int
    outcome: Outcome
    evidence: str


class Reject(_Command, frozen=True, kw_only=True, tag=True):
    """End a release whose candidate no user has seen."""


class RollBack(_Command, frozen=True, kw_only=True, tag=True):
    """Baseline for everybody, at once. `expired`: the suspicions that nobody answered in time."""

    expired: tuple[str, ...] = ()


class Promote(_Command, frozen=True, kw_only=True, tag=True):
    """Make the candidate the live version."""


class Calibrate(_Command, frozen=True, kw_only=True, tag=True):
    """Freeze the control's own quantiles, from its first units."""

    yardsticks: tuple[Yardstick, ...]


class Confirm(_Command, frozen=True, kw_only=True, tag=True):
    """Nobody serves the candidate any more: end the release."""


Command = (
    Pause
    | Resume
    | Advance
    | EnterStage
    | RequestApproval
    | Conclude
    | Calibrate
    | Reject
    | RollBack
    | Promote
    | Confirm
)
