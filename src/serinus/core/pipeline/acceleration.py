"""Faster steps for an app whose releases go well (H3): declared in the plan, applied when a release starts."""

from __future__ import annotations

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.stages import RolloutStage, Stage
from serinus.core.pipeline.step import Step


class Acceleration(msgspec.Struct, frozen=True, kw_only=True):
    """After `clean_releases` in a row that were promoted, the dwell of steps of up to `up_to` of the traffic is
    shorter by `cut`. Everything else that a step asks for stays: units, margins, health."""

    clean_releases: int = 3
    cut: float = 0.2
    up_to: float = 0.1


def check_acceleration(found: Acceleration | None) -> None:
    """Refuse one that cannot be; InvalidInput says where."""
    if found is None:
        return
    if found.clean_releases < 1:
        raise InvalidInput(
            "no release at all is no reason", where="plan.accelerate.clean_releases", mend="use 3 or more"
        )
    if not 0 < found.cut <= 0.5:
        raise InvalidInput(f"cut {found.cut:g} is not in (0, 0.5]", where="plan.accelerate.cut", mend="e.g. cut: 20%")
    if not 0 < found.up_to <= 0.5:
        raise InvalidInput(
            f"up_to {found.up_to:g} is not in (0, 0.5]", where="plan.accelerate.up_to", mend="e.g. up_to: 10%"
        )


def accelerated(stages: tuple[Stage, ...], found: Acceleration) -> tuple[Stage, ...]:
    """The stages with the dwells that they then have."""
    return tuple(
        msgspec.structs.replace(stage, steps=tuple(_faster(step, found) for step in stage.steps))
        if isinstance(stage, RolloutStage)
        else stage
        for stage in stages
    )


def _faster(step: Step, found: Acceleration) -> Step:
    if step.share > found.up_to:
        return step
    return msgspec.structs.replace(step, dwell_s=step.dwell_s * (1 - found.cut))
