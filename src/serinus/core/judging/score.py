"""What a scorer says of one answer."""

from __future__ import annotations

import msgspec

from serinus.core.judging.answer import NO_COST, Cost

SILENT = "the judge did not answer: "
"""So begins the reason where a judge was asked, and there is no answer."""


class Score(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value in [0, 1], or None with the `reason` why there is none: unscored is never passed.

    `label` is the value in words, `evidence` what it was seen by, `cost_nano` nano-USD that scoring took, of which
    `estimated_nano` are estimated: the provider did not say how many tokens. `flipped`: repeats of a judge did not
    agree.
    """

    value: float | None
    label: str = ""
    reason: str = ""
    evidence: str = ""
    cost_nano: int = 0
    estimated_nano: int = 0
    flipped: bool = False


def passed(evidence: str = "") -> Score:
    """1."""
    return Score(value=1.0, label="pass", evidence=evidence)


def failed(evidence: str) -> Score:
    """0."""
    return Score(value=0.0, label="fail", evidence=evidence)


def verdict(good: bool, evidence: str) -> Score:
    """1 or 0; evidence is kept for a fail only, where somebody will look."""
    return passed() if good else failed(evidence)


def unscored(reason: str, cost: Cost = NO_COST) -> Score:
    """No value, and why."""
    return Score(value=None, reason=reason, cost_nano=cost.nano, estimated_nano=cost.estimated_nano)
