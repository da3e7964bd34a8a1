"""Assignment version 1: units to arms by a salted hash. Frozen: a running release never changes its function."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec
import xxhash

ASSIGN_V = 1
_SCALE = 2.0**-53


class Arm(enum.IntEnum):
    """The role in which a call was served. Numbers are part of the record and call-id formats."""

    REST = 0
    CANDIDATE = 1
    CONTROL = 2
    SHADOW = 3
    PINNED = 4
    OVERRIDE = 5

    @property
    def label(self) -> str:
        """The word used in headers, tables and screens."""
        return self.name.lower()


_REST, _CANDIDATE, _CONTROL = Arm.REST, Arm.CANDIDATE, Arm.CONTROL  # looking members up on the class is slow
COMPARED = (Arm.CANDIDATE, Arm.CONTROL)


class RampPoint(msgspec.Struct, frozen=True, kw_only=True):
    """From snapshot `revision` on, step `step` gives the candidate `share` (in [0, 0.5], or 1 − holdback)."""

    revision: int
    step: int
    share: float


def unit_point(salt: str, unit: str) -> float:
    """u in [0, 1): the first 53 bits of xxh3_64(salt ‖ 0x1f ‖ unit), both UTF-8, divided by 2⁵³."""
    return (xxhash.xxh3_64_intdigest(f"{salt}\x1f{unit}".encode()) >> 11) * _SCALE


def mirror_point(salt: str, pseudonym: bytes) -> float:
    """Where a unit's pseudonym lies for mirroring: copied when below the share. Independent of the arms that the same
    salt gives, and the same in all requests of a unit."""
    return unit_point(f"{salt}\x1fmirror", pseudonym.hex())


def control_from(share: float) -> float:
    """Lower end of the control slice [x, 1): as wide as the candidate's up to ½, the holdback above it."""
    return 1.0 - share if share <= 0.5 else share


def slice_of(u: float, share: float) -> Arm:
    """The arm of point u at a candidate share: candidate u < s, control u ≥ 1 − s, else rest."""
    if share <= 0.0:
        return _REST
    if u < share:
        return _CANDIDATE
    return _CONTROL if u >= (1.0 - share if share <= 0.5 else share) else _REST  # as `control_from`


def point_at(ramp: Sequence[RampPoint], revision: int) -> RampPoint | None:
    """The ramp point in force at a snapshot revision; None before the first."""
    for point in reversed(ramp):
        if point.revision <= revision:
            return point
    return None


def stratum_of(u: float, ramp: Sequence[RampPoint]) -> int:
    """The first step whose slices hold u: the unit's stratum for life (statistics 2.3); −1 if none does."""
    for point in ramp:
        if slice_of(u, point.share) is not _REST:
            return point.step
    return -1


def arm_of(u: float, ramp: Sequence[RampPoint], started: int) -> tuple[Arm, int]:
    """Arm and stratum of a conversation begun at snapshot revision `started`; stratum −1 outside the comparison.

    A conversation keeps the slices of its beginning when shares grow, in both arms alike (statistics 2.4). Above a
    share of ½ the comparison is closed (2.1): former controls are served by the candidate, so nobody has a stratum.
    """
    for point in reversed(ramp):  # as `point_at`, without the call: this is asked for each request
        if point.revision <= started:
            break
    else:
        return _REST, -1
    share = point.share
    arm = slice_of(u, share)
    if arm is _REST or share > 0.5:
        return arm, -1
    return arm, stratum_of(u, ramp)
