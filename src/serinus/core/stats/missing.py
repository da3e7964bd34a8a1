"""Labels that are late or never come (statistics 2.8): ripe for both arms alike, counted, and judged themselves.

A label enters when its unit's maturation time has passed, not when it arrives: else the arm that answers, or complains,
sooner would be judged on other units. At that moment it is there or missing for good, and missing is an event that test
4.1 compares between the arms.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from serinus.core.stats import events
from serinus.core.stats.domain import count, design_ratio
from serinus.core.stats.evidence import Evidence, NoData, nothing


class LabelState(enum.Enum):
    """Where a unit's label is."""

    PENDING = "pending"
    LABELLED = "labelled"
    MISSING = "missing"


class Awaited(msgspec.Struct, frozen=True, array_like=True):
    """A unit whose label is awaited: when it was exposed, and when its label came, if it did (microseconds)."""

    exposed_at_us: int
    labelled_at_us: int | None = None


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """How many units of one arm and stratum have which state."""

    pending: int = 0
    labelled: int = 0
    missing: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not a count."""
        for name in self.__struct_fields__:
            count(f"labels.{name}", getattr(self, name))

    @property
    def matured(self) -> int:
        """Units whose maturation time has passed."""
        return self.labelled + self.missing

    def plus(self, other: Labels) -> Labels:
        """Both added: commutative and associative, over disjoint units at one time."""
        return Labels(
            pending=self.pending + other.pending,
            labelled=self.labelled + other.labelled,
            missing=self.missing + other.missing,
        )


def state_of(unit: Awaited, now_us: int, maturation_s: int) -> LabelState:
    """The state at `now_us`; a label that came after its maturation time is missing: it was decided without it."""
    ripe_us = unit.exposed_at_us + count("maturation_s", maturation_s) * 1_000_000
    if now_us < ripe_us:
        return LabelState.PENDING
    came = unit.labelled_at_us
    return LabelState.LABELLED if came is not None and came <= ripe_us else LabelState.MISSING


def counted(units: Iterable[Awaited], now_us: int, maturation_s: int) -> Labels:
    """The labels of these units at `now_us`."""
    states = [state_of(unit, now_us, maturation_s) for unit in units]
    return Labels(
        pending=states.count(LabelState.PENDING),
        labelled=states.count(LabelState.LABELLED),
        missing=states.count(LabelState.MISSING),
    )


def harm(candidate: Labels, control: Labels, margin: events.Margin) -> Evidence:
    """Evidence against H0: a label is missing at most `max_ratio` times as often in the candidate; equal shares."""
    if not candidate.matured or not control.matured:
        return nothing(NoData(reason="no label has matured in one of the arms"))
    if not candidate.missing + control.missing:
        return nothing(NoData(reason="no label is missing"))
    design_ratio(*margin)
    return Evidence(log_e=float(events.harm(candidate.missing, control.missing, margin)))
