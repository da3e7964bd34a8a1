"""Sample ratio (statistics 4.10): did units come to both arms alike, as their equal slices say?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from serinus.core.decision.harm import DIGITS
from serinus.core.decision.observations import Units
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import odds
from serinus.core.records.sums import ENROLLED, Sum, SumKey
from serinus.core.release.release import Release
from serinus.core.routing.assignment import Arm
from serinus.core.stats import single

TRIGGER = "sample_ratio"
ALPHA = 0.001
"""Chance of a false alarm in a release. Not of the plan's α: an alarm only pauses, and a true one is soon certain."""


class SampleRatio(msgspec.Struct, frozen=True, kw_only=True):
    """The units that count, over all compared strata, log E against equal shares, and the log of 1/α to reach.

    NO_DATA: nobody has enrolled since it counts."""

    candidate: int
    control: int
    log_e: float
    needed: float
    verdict: Verdict


def judge_sample_ratio(release: Release, units: Sequence[Units]) -> SampleRatio:
    """Against H0: a unit is the candidate's with chance ½ in every stratum. Strata are independent, so log E adds.

    Re-armed by a resume, it counts the units enrolled later, of all strata together. The watch enrols nobody to
    compare.
    """
    compared = [one for one in units if one.stratum >= 0 and not release.plan.is_watch(one.stratum)]
    counts = [(one.candidate, one.control) for one in compared]
    if (floor := release.rearmed.get(TRIGGER)) is not None:
        candidate, control = (sum(pair[arm] for pair in counts) for arm in (0, 1))
        counts = [(max(0, candidate - floor["candidate"]), max(0, control - floor["control"]))]
    log_e = round(math.fsum(single.mismatch(*pair) for pair in counts), DIGITS)
    needed = round(math.log(1 / ALPHA), DIGITS)
    candidate, control = (sum(pair[arm] for pair in counts) for arm in (0, 1))
    verdict = Verdict.FAIL if log_e >= needed else Verdict.PASS if candidate + control else Verdict.NO_DATA
    return SampleRatio(candidate=candidate, control=control, log_e=log_e, needed=needed, verdict=verdict)


def sentence(found: SampleRatio) -> str:
    """What a product manager reads of an alarm."""
    return (
        f"{found.candidate:,} units came to the candidate and {found.control:,} to control, though both arms get the "
        f"same share ({odds(found.log_e)} to 1 against chance): units are lost or counted twice in one arm, so nothing "
        "can be compared"
    )


def enrolled_units(sums: Sequence[tuple[SumKey, Sum]]) -> tuple[Units, ...]:
    """Units first enrolled in each stratum, exact."""
    found: dict[int, list[int]] = {}
    for key, value in sums:
        if key.metric == ENROLLED and key.arm in (Arm.CANDIDATE, Arm.CONTROL):
            found.setdefault(key.stratum, [0, 0])[key.arm == Arm.CONTROL] += value.total
    return tuple(Units(stratum, *found[stratum]) for stratum in sorted(found))
