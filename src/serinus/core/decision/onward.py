"""Where a release goes when what it is in is done: the next step, or the next stage."""

from __future__ import annotations

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Advance, EnterStage
from serinus.core.decision.pace import paced
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import percent
from serinus.core.release.release import Release


def onward(case: Case, question: str, done: str) -> Answer:
    """Go on, for the reason `done`. A first step waits while an override pins all traffic: nobody would see it."""
    release, plan = case.release, case.release.plan
    stage, step = _following(release), release.step + 1
    steps = plan.steps_of(stage)
    if step not in steps or (stage != release.stage and step != steps[0]):
        found = plan.stages[stage]
        text = f"{done}; now {found.name}"
        return answer(question, Verdict.PASS, text, EnterStage(reason=text, stage=stage))
    if case.seen.override is not None:
        return answer(question, Verdict.INCONCLUSIVE, f"{done}; waits until the override is cleared")
    if case.seen.frozen:
        return answer(question, Verdict.INCONCLUSIVE, f"{done}; waits: {case.seen.frozen}")
    cut, why = paced(case)
    text = f"{done}; now {percent(plan.steps[step].share)}" + (f"; {why}" if why else "")
    return answer(question, Verdict.PASS, text, Advance(reason=text, cut=cut))


def _following(release: Release) -> int:
    """The stage to be in: the same while it has steps left, else the next one. A rollout whose steps are all taken,
    because an earlier stage was run again, is passed over."""
    plan, stage = release.plan, release.stage
    if release.step + 1 in plan.steps_of(stage):
        return stage
    stage += 1
    while plan.steps_of(stage) and plan.steps_of(stage)[-1] <= release.step:
        stage += 1
    return stage
