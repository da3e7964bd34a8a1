"""Faster steps for an app whose releases go well, and for a release that does better than it must (H3): declared in the
plan, applied when a release starts, and when it leaves its last early step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.monitor import Monitor
from serinus.core.pipeline.stages import RolloutStage, Stage
from serinus.core.pipeline.step import Step
from serinus.core.pipeline.threshold import Threshold


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What a monitor must read of the candidate for later steps to be shorter: at the threshold or beyond it."""

    monitor: str
    threshold: Threshold

    def kept(self, value: float, baseline: float | None) -> bool:
        """Whether this value is good enough; not where the baseline that it needs is unknown."""
        bound = self.threshold.at(baseline)
        if bound is None:
            return False
        return value >= bound if self.threshold.side == "above" else value <= bound


class Acceleration(msgspec.Struct, frozen=True, kw_only=True):
    """After `clean_releases` in a row that were promoted, the dwell of steps of up to `up_to` of the traffic is
    shorter by `cut`, and that of the first one is `first_dwell_s` at most (None: as the others). When all of `when`
    hold as the last such step is left, the dwells of later ones below 100 % are shorter by `later_cut`. Everything else
    that a step asks for stays: units, margins, health."""

    clean_releases: int = 3
    cut: float = 0.2
    up_to: float = 0.1
    first_dwell_s: float | None = None
    when: tuple[Pace, ...] = ()
    later_cut: float = 0.3


def check_acceleration(found: Acceleration | None, monitors: Iterable[Monitor] = ()) -> None:
    """Refuse one that cannot be; InvalidInput says where."""
    if found is None:
        return
    where = "plan.accelerate"
    if found.clean_releases < 1:
        raise InvalidInput("no release at all is no reason", where=f"{where}.clean_releases", mend="use 3 or more")
    for name, value, mend in (("cut", found.cut, "20%"), ("later_cut", found.later_cut, "30%")):
        if not 0 < value <= 0.5:
            raise InvalidInput(f"{name} {value:g} is not in (0, 0.5]", where=f"{where}.{name}", mend=f"{name}: {mend}")
    if not 0 < found.up_to <= 0.5:
        raise InvalidInput(f"up_to {found.up_to:g} is not in (0, 0.5]", where=f"{where}.up_to", mend="e.g. up_to: 10%")
    if found.first_dwell_s is not None and not 0 < found.first_dwell_s < math.inf:
        raise InvalidInput(f"{found.first_dwell_s:g} s", where=f"{where}.first_dwell_s", mend="e.g. first_dwell: 1h")
    declared = [monitor.name for monitor in monitors]
    for i, pace in enumerate(found.when):
        if pace.monitor not in declared:
            raise InvalidInput(
                f"no monitor is named {pace.monitor!r}",
                where=f"{where}.when[{i}].monitor",
                mend=f"name one of: {', '.join(declared)}" if declared else "declare it under `monitors` first",
            )
        if pace.monitor in (other.monitor for other in found.when[:i]):
            raise InvalidInput(f"{pace.monitor} stands twice", where=f"{where}.when[{i}]", mend="keep one of them")


def accelerated(stages: tuple[Stage, ...], found: Acceleration) -> tuple[Stage, ...]:
    """The stages with the dwells that they have after clean releases."""
    first = next((step for stage in stages if isinstance(stage, RolloutStage) for step in stage.steps), None)

    def faster(step: Step) -> Step:
        if step.share > found.up_to:
            return step
        dwell_s = step.dwell_s * (1 - found.cut)
        if step is first and found.first_dwell_s is not None:
            dwell_s = min(step.dwell_s, found.first_dwell_s)
        return msgspec.structs.replace(step, dwell_s=dwell_s)

    return _each(stages, faster)


def quickened(stages: tuple[Stage, ...], up_to: float, cut: float) -> tuple[Stage, ...]:
    """The stages with shorter dwells of all steps above `up_to`; the watch keeps its own."""

    def faster(step: Step) -> Step:
        between = up_to < step.share <= 0.5
        return msgspec.structs.replace(step, dwell_s=step.dwell_s * (1 - cut)) if between else step

    return _each(stages, faster)


def _each(stages: tuple[Stage, ...], change: Callable[[Step], Step]) -> tuple[Stage, ...]:
    return tuple(
        msgspec.structs.replace(stage, steps=tuple(change(step) for step in stage.steps))
        if isinstance(stage, RolloutStage)
        else stage
        for stage in stages
    )
