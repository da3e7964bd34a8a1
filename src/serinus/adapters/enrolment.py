"""A batch made ready: one enrolment per unit, in the order in which every host takes its locks."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.core.records.sums import Enrolment, SumKey


def first_of_each(batch: Sequence[Enrolment]) -> list[Enrolment]:
    """One enrolment per (release, unit), in that order: arm and stratum of its first appearance, all its events."""
    found: dict[tuple[str, bytes], Enrolment] = {}
    for enrolment in batch:
        key = (enrolment.release, enrolment.unit)
        first = found.get(key)
        if first is None:
            found[key] = enrolment
        elif enrolment.events & ~first.events:
            found[key] = msgspec.structs.replace(first, events=first.events | enrolment.events)
    return [found[key] for key in sorted(found)]


def sum_order(key: SumKey) -> tuple[str, int, str, int, int]:
    """The order of sums, which is also the order of their locks."""
    return key.release, key.stratum, key.metric, key.arm, key.bucket
