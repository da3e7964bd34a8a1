"""What a gauge is watched for when nothing else is declared: the table of product.md I, for what is measured."""

from __future__ import annotations

import msgspec

from serinus.core.pipeline.gauge import JUDGING_LAG, TRAFFIC
from serinus.core.pipeline.limit import SCORES_NEEDED
from serinus.core.pipeline.threshold import Threshold

EVERY_S = 60.0
WINDOW_S = 300.0
MIN_SAMPLES = 50
SCORES_EVERY_S = 300.0
SCORES_WINDOW_S = 3600.0
SCORES_BY_CHANCE = 0.05
"""Of scores: how often a version that is just at a threshold would show such a mean."""


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds, how often it is read, over which window, and how many calls that window needs."""

    alert: Threshold
    critical: Threshold | None = None
    every_s: float
    window_s: float
    min_samples: int = MIN_SAMPLES


def _above(bound: float) -> Threshold:
    return Threshold(side="above", bound=bound)


def _below(bound: float) -> Threshold:
    return Threshold(side="below", bound=bound)


def _points(points: float) -> Threshold:
    return Threshold(side="above" if points > 0 else "below", factor=1.0, bound=points / 100)


def _scores(alert: Threshold, critical: Threshold) -> Usual:
    return Usual(
        alert=alert,
        critical=critical,
        every_s=SCORES_EVERY_S,
        window_s=SCORES_WINDOW_S,
        min_samples=SCORES_NEEDED,
    )


def _times(factor: float) -> Threshold:
    return Threshold(side="above" if factor > 1 else "below", factor=factor)


USUAL: dict[str, Usual] = {
    "call.error": Usual(alert=_above(0.01), critical=_above(0.025), every_s=15, window_s=300),
    "call.policy_violation": Usual(alert=_above(0), critical=_above(0), every_s=10, window_s=300, min_samples=1),
    "call.invalid_format": Usual(alert=_times(1.25), critical=_times(2), every_s=30, window_s=300),
    "feedback.escalated": Usual(alert=_times(1.2), critical=_times(1.35), every_s=300, window_s=3600),
    "feedback.thumbs_down": Usual(alert=_above(0.08), critical=_above(0.15), every_s=300, window_s=3600),
    "feedback.abandoned": Usual(alert=_times(1.15), every_s=300, window_s=3600),
    "feedback.recontact": Usual(alert=_times(1.2), every_s=3600, window_s=86_400),
    "latency.p50": Usual(alert=_above(1500), critical=_above(2500), every_s=15, window_s=60),
    "latency.p99": Usual(alert=_above(3500), critical=_above(4500), every_s=15, window_s=60),
    "speed.tokens_per_s": Usual(alert=_below(25), critical=_below(15), every_s=15, window_s=60),
    TRAFFIC: Usual(alert=_times(0.8), critical=_times(0.6), every_s=30, window_s=300, min_samples=0),
    JUDGING_LAG: Usual(alert=_above(600_000), critical=_above(1_800_000), every_s=60, window_s=300, min_samples=0),
    "cost.per_call": Usual(alert=_times(1.15), critical=_times(1.5), every_s=300, window_s=3600),
    "judge.correctness": _scores(_below(0.84), _below(0.82)),
    "judge.hallucination": _scores(_above(0.02), _above(0.04)),
    "judge.coherence": _scores(_below(0.86), _below(0.83)),
    "feedback.outcome": _scores(_points(-2), _points(-5)),
}
