"""A guardrail: a sequential comparison of a metric with what is live."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import Kind, Metric, metric

LARGEST_RATIO = 1000.0
LARGEST_WEIGHT = 1e6
"""Beyond these no number of events gives evidence that a float can hold; 1 over it is the smallest weight."""

Role = Literal["guardrail", "signal", "info"]


class Guardrail(msgspec.Struct, frozen=True, kw_only=True):
    """Sequential comparison with the control: harm is a ratio above `max_ratio` of the units' rates of first bad events
    (statistics 4.1), of a latency's quantiles (4.4), or of cost and tokens per call (4.2). It is found quickest at the
    `design_ratio`: of quantiles that of the units beyond the threshold.

    `role`: `guardrail` rolls back, `signal` pauses, `info` is shown only. `weight` is this metric's share of α. `cap`:
    of cost and tokens, in the metric's unit, a call counts as this at most, in both arms; None: as what it is.
    A metric has one guardrail: resuming what its signal paused would take evidence from a second one that rolls back.
    """

    metric: str
    max_ratio: float = 1.25
    design_ratio: float = 2.0
    role: Role = "guardrail"
    dry_run: bool = False
    weight: float = 1.0
    cap: float | None = None

    @property
    def kind(self) -> Kind:
        """How it is judged; of a plan that was checked."""
        return metric(self.metric).kind or "events"


def check_guardrail(where: str, guardrail: Guardrail) -> None:
    """Refuse a guardrail that cannot work; InvalidInput at `where` says why."""
    judged = metric(guardrail.metric)
    if judged.kind is None:
        raise InvalidInput(
            f"{guardrail.metric} cannot be compared while it is watched",
            where=where,
            mend="use a limit, or another metric",
        )
    _check_ratios(where, guardrail, judged)
    if not 1 / LARGEST_WEIGHT <= guardrail.weight <= LARGEST_WEIGHT:
        raise InvalidInput(
            f"weight {guardrail.weight:g} is not above 0 and at most {LARGEST_WEIGHT:g}",
            where=where,
            mend="leave it out for equal weights",
        )
    if guardrail.cap is not None and not (judged.kind == "ratio" and 0 < guardrail.cap < math.inf):
        raise InvalidInput(
            f"a cap of {guardrail.cap:g} on {judged.title}", where=where, mend="cost and tokens have one, above 0"
        )


def _check_ratios(where: str, guardrail: Guardrail, judged: Metric) -> None:
    """The design ratio lies above what is tolerated: of a quantile's threshold that is 1, whatever its margin."""
    tolerated = 1.0 if judged.kind == "quantile" else guardrail.max_ratio
    if not (guardrail.max_ratio >= 1.0 and tolerated < guardrail.design_ratio):
        raise InvalidInput(
            f"max_ratio {guardrail.max_ratio} must be at least 1 and below design_ratio {guardrail.design_ratio}",
            where=where,
            mend="e.g. max_ratio: 1.25 with design_ratio: 2",
        )
    for name, ratio in (("design_ratio", guardrail.design_ratio), ("max_ratio", guardrail.max_ratio)):
        if not ratio <= LARGEST_RATIO:
            raise InvalidInput(f"{name} {ratio:g} is above {LARGEST_RATIO:g}", where=where, mend="e.g. 2")
