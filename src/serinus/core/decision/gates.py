"""The questions asked of stages without traffic: what was measured, and what people signed."""

from __future__ import annotations

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Pause, Reject, RequestApproval, RollBack
from serinus.core.decision.onward import onward
from serinus.core.decision.shown import asked_for
from serinus.core.decision.signing import Signing, signing
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import listed, span
from serinus.core.pipeline.stages import MeasuredStage, OfflineStage, Outcome, StageResult
from serinus.core.release.approval import Approval
from serinus.core.release.transitions import stage_trigger

VERDICTS: dict[Outcome, Verdict] = {
    "pass": Verdict.PASS,
    "inconclusive": Verdict.INCONCLUSIVE,
    "no-data": Verdict.NO_DATA,
    "error": Verdict.ERROR,
    "fail": Verdict.FAIL,
}


def refused(case: Case) -> Answer:
    """Has the stage's measurement, or a person, refused the candidate? Then it ends, also while paused."""
    release = case.release
    stage = release.plan.stages[release.stage]
    if isinstance(stage, MeasuredStage):
        result = result_of(case)
        if result is not None and result.outcome == "fail" and not _is_dry_run(stage):
            return _end(case, f"{stage.name} failed: {result.text}")
    now = signing(release, case.seen.gates)
    if now is not None and now.refusal is not None:
        return _end(case, refusal_text(now.refusal))
    return answer("gate", Verdict.PASS, "Nothing and nobody has refused the candidate")


def refusal_text(refusal: Approval) -> str:
    """What a person refused, as a sentence."""
    why = f": {refusal.reason}" if refusal.reason else ""
    return f"{refusal.actor} refused it as {refusal.role}{why}"


def measured(case: Case, stage: MeasuredStage) -> Answer:
    """Has the measurement passed? Anything else than a pass is for a person, whose resume asks for another attempt."""
    release, result = case.release, result_of(case)
    attempt, budget = release.attempt_of(release.stage), span(stage.budget_s)
    verdict = VERDICTS[result.outcome] if result else Verdict.INCONCLUSIVE
    if result is not None:
        text = f"{stage.name}: {result.outcome}, {result.text}"
    elif (left_s := stage.budget_s - case.progress.stage_ms / 1000) > 0:
        text = f"{stage.name}: attempt {attempt} is being measured; {span(left_s)} of {budget} are left"
        return answer("stage", verdict, text)
    else:
        text = f"{stage.name}: attempt {attempt} had no result within {budget}"
    if verdict is Verdict.PASS:
        return onward(case, "stage", text)
    if _is_dry_run(stage):
        return onward(case, "stage", f"{text} (dry run: it gates nothing)")
    return answer("stage", verdict, text, Pause(trigger=stage_trigger(release.stage), reason=text))


def approved(case: Case, now: Signing) -> Answer:
    """Have enough people signed what is shown now? Nothing else ever passes an approval (G4)."""
    name = now.stage.name
    if not now.lacking:
        signers = listed([f"{one.actor} as {one.role}" for one in now.approvals])
        return onward(case, "approval", f"{name}: approved by {signers}")
    text = f"{name}: waits for approval by {listed(now.lacking)}"
    command = None
    if case.progress.requested != now.evidence:
        command = RequestApproval(reason=text, evidence=now.evidence)
    elif case.progress.stage_ms >= now.stage.sla_s * 1000 and case.progress.reminded != now.evidence:
        text += f", for {span(case.progress.stage_ms / 1000)} now"
        command = RequestApproval(reason=text, evidence=now.evidence, reminder=True)
    return answer("approval", Verdict.INCONCLUSIVE, text, command)


def result_of(case: Case) -> StageResult | None:
    """What the present attempt of the release's stage came to; None while that is open."""
    release = case.release
    own = (r for r in case.seen.gates.results if r.stage == release.stage and asked_for(release, r))
    return next(own, None)


def _end(case: Case, text: str) -> Answer:
    command = RollBack(reason=text) if case.release.exposed else Reject(reason=text)
    return answer("gate", Verdict.FAIL, text, command)


def _is_dry_run(stage: MeasuredStage) -> bool:
    return isinstance(stage, OfflineStage) and stage.dry_run
