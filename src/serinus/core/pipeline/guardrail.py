"""A guardrail: a sequential comparison of first bad events with what is live."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import metric

LARGEST_RATIO = 1000.0
LARGEST_WEIGHT = 1e6
"""Beyond these no number of events gives evidence that a float can hold; 1 over it is the smallest weight."""

Role = Literal["guardrail", "signal", "info"]


class Guardrail(msgspec.Struct, frozen=True, kw_only=True):
    """Sequential comparison of first bad events (statistics 4.1): harm is a rate ratio above `max_ratio`.

    `role`: `guardrail` rolls back, `signal` pauses, `info` is shown only. `weight` is this metric's share of α.
    A metric has one guardrail: resuming what its signal paused would take evidence from a second one that rolls back.
    """

    metric: str
    max_ratio: float = 1.25
    design_ratio: float = 2.0
    role: Role = "guardrail"
    dry_run: bool = False
    weight: float = 1.0


def check_guardrail(where: str, guardrail: Guardrail) -> None:
    """Refuse a guardrail that cannot work; InvalidInput at `where` says why."""
    if not metric(guardrail.metric).event:
        raise InvalidInput(
            f"{guardrail.metric} is not an event metric", where=where, mend="use a limit, or another metric"
        )
    if not 1.0 <= guardrail.max_ratio < guardrail.design_ratio:
        raise InvalidInput(
            f"max_ratio {guardrail.max_ratio} must be at least 1 and below design_ratio {guardrail.design_ratio}",
            where=where,
            mend="e.g. max_ratio: 1.25 with design_ratio: 2",
        )
    if guardrail.design_ratio > LARGEST_RATIO:
        raise InvalidInput(
            f"design_ratio {guardrail.design_ratio:g} is above {LARGEST_RATIO:g}", where=where, mend="e.g. 2"
        )
    if not 1 / LARGEST_WEIGHT <= guardrail.weight <= LARGEST_WEIGHT:
        raise InvalidInput(
            f"weight {guardrail.weight:g} is not above 0 and at most {LARGEST_WEIGHT:g}",
            where=where,
            mend="leave it out for equal weights",
        )
