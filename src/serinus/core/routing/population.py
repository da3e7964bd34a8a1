"""Populations: who of a ramp's steps is meant, decided once for a conversation, at its first turn.

Beside `assignment`, whose functions stand. The side of a unit (candidate below ½, control above) is its point's alone;
a population only decides whether it takes part. So nobody changes sides, whatever its attributes do, and both arms are
alike: the mirrored point 1 − u has the other arm at the same step (statistics 2.1, 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.routing.assignment import Arm, RampPoint, point_at, slice_of
from serinus.core.routing.predicate import Facts, Predicate, holds

NOWHERE = 255
"""The place of a conversation that no step holds."""
FORCED = 254
"""The place of a conversation whose unit had opted in: it is served the candidate and not compared."""
_REST, _CANDIDATE = Arm.REST, Arm.CANDIDATE  # looking members up on the class is slow


def place_of(
    u: float, ramp: Sequence[RampPoint], populations: Sequence[Predicate | None], started: int, facts: Facts | None
) -> int:
    """The first step, up to those in force at revision `started`, whose population holds for `facts` and whose slices
    hold point u; NOWHERE if none does. It is the stratum for life (statistics 2.3).

    `populations` by step; None, or no entry, means everyone. Without facts (None) only those steps count.
    """
    for point in ramp:
        if point.revision > started:
            break
        meant = populations[point.step] if point.step < len(populations) else None
        if slice_of(u, point.share) is not _REST and (meant is None or (facts is not None and holds(meant, facts))):
            return point.step
    return NOWHERE


def arm_at(u: float, ramp: Sequence[RampPoint], started: int, place: int) -> tuple[Arm, int]:
    """Arm and stratum of a conversation that began at revision `started` in this place; stratum −1 outside the
    comparison. With no populations and nobody forced in it is `arm_of`, whatever the place was found by."""
    now = point_at(ramp, started)
    if now is None:
        return _REST, -1
    if place == FORCED:
        return _CANDIDATE, -1
    if now.share > 0.5:
        return slice_of(u, now.share), -1
    for point in ramp:
        if point.step == place:
            arm = slice_of(u, point.share)
            return (arm, -1) if arm is _REST else (arm, place)
    return _REST, -1


def share_within(share: float, size: float) -> float:
    """The candidate's slice of a population that makes `size` of the app's traffic, so that it is `share` of the
    traffic; ½ when the population is smaller than candidate and control together (H14). `size` 0: not known, then
    `share` is of the population itself."""
    return min(0.5, share / size) if size > 0 else share
