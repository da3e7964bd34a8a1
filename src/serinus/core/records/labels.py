"""Labels of units: what somebody says of an answer after it was given, and which units it is awaited of.

Of each unit of a comparison that awaits a metric's label there is one row from its enrolment on, so that a label which
never comes is seen as well. The first label of a unit counts and stays: later ones change nothing, whoever ships them.
A row belongs to the time at which its unit was first exposed: that of its first call in the comparison.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import msgspec

from serinus.core.metrics import LABEL_S, REGISTRY, Bounded
from serinus.core.records.record import Score
from serinus.core.records.sums import Enrolment

SCALE = 1_000_000
NO_LABEL = -1
ENDS = frozenset({"feedback.resolved", "feedback.escalated", "feedback.abandoned", "feedback.recontact"})
"""How a conversation ended, as its app tells: whoever tells one of them tells that it is not one of the others."""
_THUMBS = "feedback.thumbs_down"
_SCALES: dict[str, Bounded] = {
    name: metric.measure for name, metric in REGISTRY.items() if isinstance(metric.measure, Bounded)
}
SCORED = tuple(sorted(_SCALES.keys() - {"feedback.rating"}))
"""Scores that are sent as such."""

LABELLED = frozenset(_SCALES) | ENDS & frozenset(REGISTRY) | {_THUMBS}
"""Metrics that are known only of those of whom somebody says something."""

Awaiting = Mapping[str, frozenset[str]]
"""By release, the metrics whose labels its units are awaited for."""
NOT_AWAITED: Awaiting = MappingProxyType({})


class LabelKey(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One metric of one unit (8-byte pseudonym)."""

    release: str
    metric: str
    unit: bytes


class Label(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A label: when it came, and its `value` in millionths of its scale, 0 to 1,000,000."""

    at_us: int
    value: int


class AwaitedUnit(msgspec.Struct, frozen=True, array_like=True):
    """A row: whose label is awaited, since when it has been exposed, where it counts; `label`: what came, if it did."""

    key: LabelKey
    exposed_at_us: int
    stratum: int
    arm: int
    label: Label | None = None


def label_s(metric: str) -> float:
    """How long a label of this metric is waited for, if nothing else is said."""
    return REGISTRY[metric].maturation_s or LABEL_S


def labels_of(record: Score, awaited: Collection[str]) -> list[tuple[str, int]]:
    """The awaited metrics that a score tells, each with its value in millionths of the scale. What stands on no scale,
    as from a writer that checks less, tells nothing."""
    if record.metric in ENDS:
        return [(name, SCALE * (name == record.metric)) for name in sorted(ENDS & set(awaited))]
    if record.metric not in awaited:
        return []
    scale = _SCALES.get(record.metric, Bounded())
    share = scale.share(record.value_micro / SCALE)
    return [] if share is None else [(record.metric, round(share * SCALE))]


def scale_of(metric: str) -> Bounded | None:
    """The scale of a score; None for what is no score."""
    return _SCALES.get(metric)


def on_scale(metric: str, share: float | None) -> float | None:
    """A share of a score's scale as a value on it; of what is no score, the value as it is."""
    scale = scale_of(metric)
    return share if share is None or scale is None else scale.low + share * (scale.high - scale.low)


def awaited_units(
    fresh: Iterable[Enrolment], exposed_at_us: Mapping[tuple[str, bytes], int], awaiting: Awaiting
) -> list[AwaitedUnit]:
    """The rows of units that have just enrolled, in the order of their keys."""
    rows = [
        AwaitedUnit(LabelKey(one.release, name, one.unit), exposed_at_us[one.release, one.unit], one.stratum, one.arm)
        for one in fresh
        for name in awaiting.get(one.release, ())
    ]
    return sorted(rows, key=lambda row: row.key)
