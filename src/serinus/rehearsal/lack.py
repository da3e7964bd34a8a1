"""What a release lacks at the moment, as the last round of its rehearsal saw it."""

from __future__ import annotations

from typing import Literal

import msgspec

from serinus.core.decision.decision import Decision
from serinus.core.decision.observations import Observations
from serinus.core.decision.verdict import Verdict
from serinus.core.release.release import Release

Kind = Literal["person", "data", "dwell", "units", "limits", "other"]


class Lack(msgspec.Struct, frozen=True, array_like=True):
    """One thing that is missing. `have` of `need`: seconds in health, or users; 0 where neither counts. `text`: what
    the release itself says, where that is all that is known."""

    kind: Kind
    have: float = 0.0
    need: float = 0.0
    text: str = ""


def lacks_of(release: Release, decision: Decision, seen: Observations) -> tuple[Lack, ...]:
    """All that keeps it where it stands, not only what it says first: who mends one thing wants to know the next."""
    hold = release.hold
    if hold is not None and not hold.auto_resume:
        return (Lack("person", text=hold.reason),)
    if not release.exposed:
        return (Lack("other", text=decision.findings[-1].text),)
    step, found = release.plan.steps[release.step], list[Lack]()
    units, least = _units(release, seen), max(1, step.min_units)
    if hold is not None:
        found.append(Lack("data", text=hold.reason))
    elif decision.progress.dwell_ms < step.dwell_s * 1000:
        found.append(Lack("dwell", decision.progress.dwell_ms / 1000, step.dwell_s))
    if units < least:
        found.append(Lack("units", units, least))
    if _unweighed(release, decision):
        found.append(Lack("limits"))
    return tuple(found) or (Lack("other", text=decision.findings[-1].text),)


def _units(release: Release, seen: Observations) -> int:
    """As the step asks for them: of the candidate in a watch or a first release, else of the smaller arm."""
    watching = release.plan.is_watch(release.step)
    arms = seen.enrolled(None if watching else release.step)
    return arms[0] if watching or release.plan.first else min(arms)


def _unweighed(release: Release, decision: Decision) -> bool:
    alone = release.plan.first or release.plan.is_watch(release.step)
    return alone and any(one.question == "limits" and one.verdict is Verdict.NO_DATA for one in decision.findings)
