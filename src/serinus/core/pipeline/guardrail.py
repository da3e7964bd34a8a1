"""A guardrail: a sequential comparison of a metric with what is live."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import Kind, Metric, metric
from serinus.core.records.labels import LABELLED, label_s

LARGEST_RATIO = 1000.0
LARGEST_WEIGHT = 1e6
"""Beyond these no number of events gives evidence that a float can hold; 1 over it is the smallest weight."""

DROP = 0.02
"""What is tolerated of a score when nothing else is said: 2 points of 100, for the worse (H5a)."""
SCORES_NEEDED = 20
LONGEST_MATURATION_S = 30 * 86_400.0

Role = Literal["guardrail", "signal", "info"]


class Guardrail(msgspec.Struct, frozen=True, kw_only=True):
    """Sequential comparison with the control: harm is a ratio above `max_ratio` of the units' rates of first bad events
    (statistics 4.1), of a latency's quantiles (4.4), or of cost and tokens per call (4.2). It is found quickest at the
    `design_ratio`: of quantiles that of the units beyond the threshold. Of a score harm is a mean that is lower by more
    than `max_drop`, a share of its scale (4.3); of one that is better when lower, higher by more than `max_rise`.

    `role`: `guardrail` rolls back, `signal` pauses, `info` is shown only. `weight` is this metric's share of α. `cap`:
    of cost and tokens, in the metric's unit, a call counts as this at most, in both arms; None: as what it is.
    Of what somebody has to tell, scores and feedback, a unit's label is awaited for `maturation_s` after it was first
    exposed (None: as long as the metric's), and no step is left before `min_labels` of its units in each arm have one
    (None: 20 for scores, 1 for feedback).
    A metric has one guardrail: resuming what its signal paused would take evidence from a second one that rolls back.
    """

    metric: str
    max_ratio: float = 1.25
    design_ratio: float = 2.0
    role: Role = "guardrail"
    dry_run: bool = False
    weight: float = 1.0
    cap: float | None = None
    max_drop: float | None = None
    maturation_s: float | None = None
    min_labels: int | None = None
    max_rise: float | None = None

    @property
    def kind(self) -> Kind:
        """How it is judged; of a plan that was checked."""
        return _kind(self.metric)

    @property
    def awaits_labels(self) -> bool:
        """Whether it knows of a unit only what somebody says of it."""
        return self.metric in LABELLED

    @property
    def drop(self) -> float:
        """By how much a score may be worse: lower, or higher where `rises`."""
        given = self.max_rise if self.rises else self.max_drop
        return DROP if given is None else given

    @property
    def rises(self) -> bool:
        """Whether it is a score that gets worse by rising."""
        return self.kind == "score" and metric(self.metric).direction == "lower"

    @property
    def margin_key(self) -> Literal["max_drop", "max_rise"]:
        """What is tolerated of a score is declared by this."""
        return "max_rise" if self.rises else "max_drop"

    @property
    def awaited_s(self) -> float:
        """How long a label is waited for."""
        return label_s(self.metric) if self.maturation_s is None else self.maturation_s

    @property
    def labels_needed(self) -> int:
        """Labels that each arm needs in a step."""
        return (SCORES_NEEDED if self.kind == "score" else 1) if self.min_labels is None else self.min_labels


@lru_cache
def _kind(name: str) -> Kind:
    return metric(name).kind or "events"


def check_guardrail(where: str, guardrail: Guardrail) -> None:
    """Refuse a guardrail that cannot work; InvalidInput at `where` says why."""
    judged = metric(guardrail.metric)
    if judged.kind is None:
        raise InvalidInput(
            f"{guardrail.metric} cannot be compared while it is watched",
            where=where,
            mend="use a limit, or another metric",
        )
    _check_labels(where, guardrail, judged)
    if judged.kind != "score":
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


def _check_labels(where: str, guardrail: Guardrail, judged: Metric) -> None:
    asks = guardrail.maturation_s is not None or guardrail.min_labels is not None
    if asks and not guardrail.awaits_labels:
        raise InvalidInput(
            f"{judged.name} is known when a call ends, and waits for nobody",
            where=where,
            mend="leave out `matures` and `min_labels`; scores and feedback have them",
        )
    if not (guardrail.maturation_s is None or 1 <= guardrail.maturation_s <= LONGEST_MATURATION_S):
        raise InvalidInput(f"{guardrail.maturation_s:g} s", where=f"{where}.maturation_s", mend="use 1 s to 30 days")
    if not (guardrail.min_labels is None or 1 <= guardrail.min_labels <= 1_000_000):
        raise InvalidInput(f"{guardrail.min_labels} labels", where=f"{where}.min_labels", mend="use 1 or more")
    if judged.kind == "score":
        _check_drop(where, guardrail, judged)
        return
    for name in ("max_drop", "max_rise"):
        if getattr(guardrail, name) is not None:
            raise InvalidInput(
                f"{judged.name} is no score, so it has no {name}", where=f"{where}.{name}", mend="use `max_ratio`"
            )


def _check_drop(where: str, guardrail: Guardrail, judged: Metric) -> None:
    key, other = guardrail.margin_key, "max_drop" if guardrail.rises else "max_rise"
    if getattr(guardrail, other) is not None:
        raise InvalidInput(
            f"{judged.name} is better when {judged.direction}", where=f"{where}.{other}", mend=f"use `{key}: 0.02`"
        )
    if not 0 <= guardrail.drop <= 0.5:
        raise InvalidInput(
            f"{key} {guardrail.drop:g} is not in [0, 0.5]", where=f"{where}.{key}", mend="2 points are 0.02"
        )
    fresh = Guardrail(metric=guardrail.metric)
    if (guardrail.max_ratio, guardrail.design_ratio) != (fresh.max_ratio, fresh.design_ratio):
        raise InvalidInput(
            f"{judged.name} is a score: what is tolerated of it is a difference, and no ratio",
            where=f"{where}.max_ratio",
            mend=f"use `{key}: 0.02`",
        )
