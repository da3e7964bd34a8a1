"""What comes late of releases whose units are forgotten: nobody knows what counted before, so it counts nowhere."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from serinus.core.records.tally import Tally


def releases_of(counted: Tally) -> set[str]:
    """The releases of whose units a tally tells."""
    found = {one.release for one in counted.enrolments}
    found |= {one.release for one in counted.pairs}
    found |= {one.release for one in counted.unit_sums}
    found |= {one.release for one in counted.broken}
    return found | {one.release for one in counted.labels}


def without(counted: Tally, pruned: Collection[str]) -> Tally:
    """The tally without what it tells of units of these releases; calls count in rollups all the same."""
    if not pruned:
        return counted
    return msgspec.structs.replace(
        counted,
        enrolments=tuple(one for one in counted.enrolments if one.release not in pruned),
        pairs={unit: pair for unit, pair in counted.pairs.items() if unit.release not in pruned},
        unit_sums={key: added for key, added in counted.unit_sums.items() if key.release not in pruned},
        broken=tuple(one for one in counted.broken if one.release not in pruned),
        labels={key: label for key, label in counted.labels.items() if key.release not in pruned},
    )
