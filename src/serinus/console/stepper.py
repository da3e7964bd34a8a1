"""The way of a release as a row of marks: which stages and steps are done, where it is, what is to come."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.console.words import role_text
from serinus.core.decision.wording import listed, percent, span
from serinus.core.pipeline.population import called
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, ShadowStage, Stage
from serinus.core.pipeline.step import Step
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import FINAL, State

Place = Literal["done", "now", "held", "stopped", "ahead"]
_STOPPED = frozenset({State.ROLLING_BACK, State.ROLLED_BACK, State.ABORTING, State.ABORTED, State.REJECTED})
WORDS: dict[Place, str] = {
    "done": "done", "now": "now", "held": "paused here", "stopped": "ended here", "ahead": "to come",
}  # fmt: skip


class StepMark(msgspec.Struct, frozen=True, kw_only=True):
    """One traffic step; `served` is the part of its dwell that is over, in [0, 1]; `among` says whom it means, empty
    for everyone."""

    share: str
    dwell: str
    place: Place
    served: float
    asks: str
    among: str = ""


class StageMark(msgspec.Struct, frozen=True, kw_only=True):
    """One stage; `detail` says what it asks for."""

    name: str
    kind: str
    place: Place
    detail: str
    steps: tuple[StepMark, ...] = ()

    @property
    def word(self) -> str:
        """The place in words."""
        return WORDS[self.place]


def stepper(release: Release, progress: Progress | None) -> tuple[StageMark, ...]:
    """The marks of all stages, in order."""
    return tuple(_stage(release, i, stage, progress) for i, stage in enumerate(release.plan.stages))


def _stage(release: Release, index: int, stage: Stage, progress: Progress | None) -> StageMark:
    steps = tuple(_step(release, i, progress) for i in release.plan.steps_of(index))
    return StageMark(
        name=stage.name,
        kind=_kind(stage),
        place=_place(release, index, release.stage),
        detail=detail(stage),
        steps=steps,
    )


def _step(release: Release, index: int, progress: Progress | None) -> StepMark:
    step = release.plan.steps[index]
    place = _place(release, index, release.step)
    current = progress is not None and progress.step == index
    served_ms = progress.dwell_ms if progress is not None and current else 0
    served = 1.0 if place == "done" else min(1.0, served_ms / 1000 / step.dwell_s)
    asks = [f"at least {span(step.dwell_s)} in health"]
    asks += [f"{step.min_units:,} units per arm"] if step.min_units else []
    asks += ["shown to be no worse"] if step.require == "non_inferior" else []
    return StepMark(
        share=percent(step.share),
        dwell=span(step.dwell_s),
        place=place,
        served=served,
        asks=listed(asks),
        among=_among(step),
    )


def _among(step: Step) -> str:
    meant = [called(step.population)] if step.population is not None else []
    return listed([*meant, *(f"opted in: {name}" for name in step.opted_in)]) if meant or step.opted_in else ""


def _place(release: Release, index: int, at: int) -> Place:
    if release.state is State.PROMOTED or index < at:
        return "done"
    if index > at or (at < 0 and release.state in FINAL):
        return "ahead"
    if release.state in _STOPPED:
        return "stopped"
    return "held" if release.state is State.PAUSED else "now"


def _kind(stage: Stage) -> str:
    match stage:
        case OfflineStage():
            return "offline"
        case ShadowStage():
            return "shadow"
        case ApprovalStage():
            return "approval"
        case _:
            return "rollout"


def detail(stage: Stage) -> str:
    """What a stage asks for, in a few words."""
    match stage:
        case OfflineStage():
            word = "suite" if len(stage.suites) == 1 else "suites"
            return f"{word} {listed(stage.suites)}" + (" (dry run: gates nothing)" if stage.dry_run else "")
        case ShadowStage():
            return f"{percent(stage.share)} mirrored, {stage.min_units:,} units, at least {span(stage.dwell_s)}"
        case ApprovalStage():
            return f"signature of {listed([role_text(role) for role in stage.roles])}"
        case _:
            return f"{len(stage.steps)} traffic step{'s' if len(stage.steps) > 1 else ''}"
