"""Is a release so good at its last early step that later ones may be shorter (H3)?"""

from __future__ import annotations

from serinus.core.decision.case import Case
from serinus.core.decision.monitors import judge_monitors
from serinus.core.decision.wording import listed, percent


def paced(case: Case) -> tuple[float, str]:
    """By how much later dwells are cut as the release leaves its step, and why in a part of a sentence; 0 and nothing
    when it leaves another step, or when one of the monitors has no fresh number that is good enough."""
    release, found = case.release, case.release.plan.accelerate
    if found is None or not found.when or release.step < 0:
        return 0.0, ""
    now, following = release.plan.steps[release.step].share, release.plan.steps[release.step + 1].share
    if not now <= found.up_to < following <= 0.5:
        return 0.0, ""
    seen = {one.monitor: one for one in case.seen.monitors}
    fresh = {one.monitor.name: one for one in judge_monitors(release, case.seen.monitors) if one.level != "no-data"}
    for pace in found.when:
        reading = seen.get(pace.monitor)
        if reading is None or reading.value is None or pace.monitor not in fresh:
            return 0.0, ""
        if not pace.kept(reading.value, reading.baseline):
            return 0.0, ""
    told = listed([fresh[pace.monitor].text for pace in found.when])
    return (
        found.later_cut,
        f"later steps are {percent(found.later_cut)} shorter, as it does better than it must: {told}",
    )
