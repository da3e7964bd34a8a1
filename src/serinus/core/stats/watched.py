"""A count that is watched for longer than anybody knows when it gets worse: the one-arm test, begun again and again.

    E = ½ E^(whole) + ½ Σ_j v_j E^(begun at the j-th start), v_j = 1/(j (j + 1))

The starts are at times that do not depend on what is counted after them, the weights are fixed and sum to 1, and a
start that is to come has E = 1: so E is an e-process, P(E ever ≥ 1/α) ≤ α. Only the KEPT newest starts are followed: to
let one go makes E smaller, never larger. What gets worse after days of health is seen by them, as healthy days would
hide it; what gets worse slowly is seen by the whole.

Of the N events since a start those of one sixteenth of units do not count, of that which has the most, and 15/16 of Λ
are expected: so one user's storm of failing calls, however long, adds nothing, whichever part it lies in. At every look
at most 15N/16 count, also where a host does not tell the parts of its events. As E grows with the count, it is nowhere
larger than that of N/φ against Λ/φ with φ = 16/15, which is an e-process too (`worse_count`): P(E ever ≥ 1/α) ≤ α,
whoever tells parts, and from when on.
Source: Shin, Ramdas & Rinaldo 2024, e-detectors, with weights as in `renewal`.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from serinus.core.records.event_parts import PARTS
from serinus.core.records.live_calls import MICRO, Position, Watched
from serinus.core.stats import combine, control_health

KEPT = 12
_REST = PARTS / (PARTS - 1)
REMEMBERED = 16_384
"""Values that are remembered: a round asks for all metrics of all releases, and they change once a minute."""


def begin_again(watched: Watched) -> Watched:
    """With a start here."""
    starts = (*watched.starts, watched.at)[-KEPT:]
    return msgspec.structs.replace(watched, begun=watched.begun + 1, starts=starts)


@lru_cache(maxsize=REMEMBERED)
def log_e(watched: Watched, floor: Position, max_ratio: float, dispersion: float, all_expected: bool = False) -> float:
    """log E against H0: since `floor` events came at most `max_ratio` times as often as was to be expected.
    `all_expected`: of all Λ, though one part does not count, as releases are judged that began before parts were told:
    which test it is, is settled when a release begins."""
    first = watched.begun - len(watched.starts) + 1
    weights = [0.5, *(0.5 / (j * (j + 1)) for j in range(first, watched.begun + 1)), 0.5 / (watched.begun + 1)]
    rest = 1.0 if all_expected else _REST
    seen = [watched.at.since(start) for start in (floor, *(_later(start, floor) for start in watched.starts))]
    return combine.mixed((*(_log_e(one, max_ratio, dispersion, rest) for one in seen), 0.0), weights)


def _later(start: Position, floor: Position) -> Position:
    return max(start, floor, key=lambda one: one.calls)


def _log_e(seen: Position, max_ratio: float, dispersion: float, rest: float) -> float:
    counted = min(float(seen.events), max(0, seen.events - seen.most) * rest)
    return control_health.worse_count(counted, max_ratio * seen.expected_micro / MICRO, dispersion * rest)
