"""The question about monitors: is one critical, and does it pause or roll back?"""

from __future__ import annotations

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Pause, RollBack
from serinus.core.decision.monitors import MonitorStanding, judge_monitors
from serinus.core.decision.verdict import Verdict


def monitored(case: Case) -> Answer:
    """Is a monitor critical? What it leads to was declared: nothing, a pause, or a rollback; a rollback becomes a pause
    with a deadline when the control is beyond the same threshold."""
    standings = judge_monitors(case.release, case.seen.monitors)
    acting = [_act(case, one) for one in standings if one.acts]
    for found in (*(one for one in acting if isinstance(one.command, RollBack)), *acting):
        return found
    blocking = [one for one in standings if one.blocks]
    if blocking:
        verdict = Verdict.NO_DATA if blocking[0].level == "no-data" else Verdict.INCONCLUSIVE
        text = blocking[0].blocks
        return answer("monitors", verdict, text[0].upper() + text[1:])
    return answer("monitors", Verdict.PASS, "No monitor that acts is critical")


def held_by_monitor(case: Case) -> str:
    """Why a required monitor lets no step be left; empty when none objects."""
    return next((one.blocks for one in judge_monitors(case.release, case.seen.monitors) if one.blocks), "")


def _act(case: Case, one: MonitorStanding) -> Answer:
    text = f"Monitor critical: {one.text}"
    deadline_s = 0.0
    if one.monitor.action == "rollback":
        if not one.vetoed:
            return answer("monitors", Verdict.FAIL, text, RollBack(reason=text))
        text = f"Candidate and control are both critical, so it may be the provider: {one.text}"
        deadline_s = case.release.plan.veto_deadline_s
    command = None if case.paused else Pause(trigger=one.trigger, reason=text, deadline_s=deadline_s)
    return answer("monitors", Verdict.FAIL, text, command)
