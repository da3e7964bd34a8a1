"""Missing data: whether what is judged is there at all, and still coming."""

from __future__ import annotations

from serinus.core.decision.commands import Pause
from serinus.core.decision.observations import Flow, Observations
from serinus.core.fleet import mute_sentence
from serinus.core.release.release import Progress, Release

NO_DATA = "no_data"
IN_FLIGHT = "in_flight"
SPOOL_DROPS = "spool_drops"
AWAITED = "No gateway host reports at the moment; one may be starting again, and is waited for as long as a lease lasts"


def missing(release: Release, seen: Observations) -> Pause | None:
    """The pause for missing data, which ends by itself; None while data come in on both compared arms.

    A candidate that takes calls and answers none while the control answers gets a deadline: it hangs. In the watch
    the comparison is closed, and the holdback may be too small to be heard: only the candidate must come in, as in a
    first release, which has no control; there calls that wait are enough.
    """
    plan = release.plan
    if not seen.fleet.live:
        return _pause(NO_DATA, "No gateway host reports, so nothing is known of either arm")
    if seen.fleet.stuck:
        return _pause(NO_DATA, f"Host {seen.fleet.stuck[0]} has shipped no records for {plan.freshness_s:g} s")
    if seen.fleet.mute:
        return _pause(NO_DATA, mute_sentence(seen.fleet.mute[0]))
    if _silent(seen.candidate, plan.freshness_s):
        heard = not plan.first and not _silent(seen.control, plan.freshness_s)
        if seen.candidate.in_flight and (heard or len(compared_arms(release, seen)) == 1):
            return Pause(
                trigger=IN_FLIGHT,
                reason=(
                    f"The candidate has answered nothing for {_seconds(seen.candidate.age_ms)} while "
                    f"{seen.candidate.in_flight:,} of its calls wait, the oldest for "
                    f"{_seconds(seen.candidate.oldest_ms)}" + ("; control answers" if heard else "")
                ),
                auto_resume=True,
                deadline_s=plan.veto_deadline_s,
            )
        return _pause(NO_DATA, f"No answered call of the candidate for {_seconds(seen.candidate.age_ms)}")
    if len(compared_arms(release, seen)) > 1 and _silent(seen.control, plan.freshness_s):
        return _pause(NO_DATA, f"No answered call of control for {_seconds(seen.control.age_ms)}")
    return None


def hangs(release: Release, seen: Observations) -> bool:
    """Whether a call of the candidate has waited as long as data stay fresh: nobody is taken back for a call whose end
    was lost, or who came just now."""
    return seen.candidate.in_flight > 0 and seen.candidate.oldest_ms >= release.plan.freshness_s * 1000


def drops(progress: Progress, seen: Observations) -> Pause | None:
    """The pause for records that found no room: what was lost may be what mattered. A person resumes."""
    lost = {w: n - progress.dropped.get(w, 0) for w, n in seen.dropped.items() if n > progress.dropped.get(w, 0)}
    if not lost:
        return None
    total = sum(lost.values())
    return Pause(
        trigger=SPOOL_DROPS,
        reason=f"{total:,} call records found no room in the spools of {len(lost)} workers: the counts are incomplete",
    )


def flowing(release: Release, seen: Observations) -> bool:
    """Whether this moment counts for the dwell: both compared arms answered within the freshness window, as seen by
    this control itself, and every live host reports and ships."""
    if not seen.fleet.live or seen.fleet.late or seen.fleet.mute:
        return False
    limit_ms = release.plan.freshness_s * 1000
    return all(arm.seen and arm.age_ms <= limit_ms for arm in compared_arms(release, seen))


def compared_arms(release: Release, seen: Observations) -> tuple[Flow, ...]:
    """The arms that must answer: both, but in the watch and in a first release only the candidate."""
    alone = release.plan.is_watch(release.step) or release.plan.first
    return (seen.candidate,) if alone else (seen.candidate, seen.control)


def _silent(flow: Flow, freshness_s: float) -> bool:
    return flow.age_ms > freshness_s * 1000


def _pause(trigger: str, reason: str) -> Pause:
    return Pause(trigger=trigger, reason=reason, auto_resume=True)


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.0f} s"
