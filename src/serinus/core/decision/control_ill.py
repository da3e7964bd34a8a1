"""The question about the control's own health, and what becomes of a pause for it."""

from __future__ import annotations

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Pause
from serinus.core.decision.control_health import TRIGGER, ControlSeen, sentence, trigger_of
from serinus.core.decision.verdict import Verdict
from serinus.core.release.release import Hold

CONTROL_HEALTH = "control health"
"""What the question is called in findings."""


def control_health(case: Case) -> Answer:
    """Is the live version itself worse than it usually was? Then something is ill that is not the candidate: it is not
    blamed, and goes no further until a person has looked. What harms relatively, or beyond a limit, is asked before."""
    if case.release.plan.first:
        return answer(CONTROL_HEALTH, Verdict.PASS, "There is no live version beside a first release")
    if case.control is None:
        return answer(CONTROL_HEALTH, Verdict.NO_DATA, "The live version's health is not judged: no past of it is kept")
    found = {one.metric: one for one in case.control.seen}
    for name in case.control.ill:
        text = (
            "The live version itself is worse than it was, which is not the candidate's doing: "
            f"{_told(case, found[name])}; resume once it is well, or when you know why"
        )
        command = None if case.paused else Pause(trigger=trigger_of(name), reason=text)
        return answer(CONTROL_HEALTH, Verdict.FAIL, text, command)
    unknown = next((one for one in case.control.seen if one.no_data), None)
    if unknown is not None:
        return answer(CONTROL_HEALTH, Verdict.NO_DATA, _told(case, unknown))
    if not any(one.calls for one in case.control.seen):
        return answer(CONTROL_HEALTH, Verdict.NO_DATA, "The live version has had no calls yet")
    return answer(CONTROL_HEALTH, Verdict.PASS, "The live version does as it usually did")


def waits_for_control(hold: Hold | None) -> bool:
    """Whether a pause is for the control's health. It has no deadline of its own: both arms are as well, or as ill."""
    return hold is not None and hold.trigger.partition(":")[0] == TRIGGER


def _told(case: Case, one: ControlSeen) -> str:
    past = next(past for past in case.release.past if past.metric == one.metric)
    return sentence(one, past, case.release.plan.control_ratio)
