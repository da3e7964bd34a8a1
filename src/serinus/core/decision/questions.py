"""The questions asked of a release in every round, each a pure function of the case, in the order they are asked."""

from __future__ import annotations

from collections.abc import Callable

from serinus.core.decision import allocation, freshness, limits
from serinus.core.decision.breach import Breach
from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Confirm, Pause, Promote, Resume, RollBack
from serinus.core.decision.control_ill import control_health, waits_for_control
from serinus.core.decision.explain import sentence as harm_sentence
from serinus.core.decision.gates import approved, measured, refused, result_of
from serinus.core.decision.harm import trigger_of
from serinus.core.decision.margins import lacking_sentence
from serinus.core.decision.measured import calibration, counters, unjudged
from serinus.core.decision.monitored import held_by_monitor, monitored
from serinus.core.decision.one_armed import one_armed
from serinus.core.decision.onward import onward
from serinus.core.decision.shadow_gate import mirrored_enough, paired_harm, pairs_come
from serinus.core.decision.signing import signing
from serinus.core.decision.suspected import asked, suspected
from serinus.core.decision.tolerance import zero_tolerance
from serinus.core.decision.unlabelled import labels, unlabelled
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import percent, span
from serinus.core.pipeline.stages import MeasuredStage, ShadowStage

OVERRIDE = "override"


def override(case: Case) -> Answer:
    """Is all traffic pinned by a person? Then nothing is compared, and a person resumes."""
    if case.seen.override is None:
        return answer("override", Verdict.PASS, "No override is set")
    text = "An override pins all traffic, so nothing is compared until it is cleared"
    command = None if case.paused else Pause(trigger=OVERRIDE, reason=text)
    return answer("override", Verdict.NO_DATA, text, command, ends=True)


def relative_harm(case: Case) -> Answer:
    """Is the candidate worse than control by more than its margin? Never vetoed by the control's own health."""
    if case.release.plan.first:
        return answer("harm", Verdict.PASS, "Not compared: nothing was live before this first release")
    if case.harm is None:
        return answer("harm", Verdict.PASS, "The comparison closed when the watch began")
    plan, units = case.release.plan, case.seen.enrolled()
    if case.harm.culprits:
        text = _lineage(case) + "The candidate harms: " + harm_sentence(case.harm, case.harm.culprits[0], plan, units)
        return answer("harm", Verdict.FAIL, text, RollBack(reason=text))
    for name in case.harm.signals:
        text = "A signal shows harm: " + harm_sentence(case.harm, name, plan, units)
        command = None if case.paused else Pause(trigger=trigger_of(name), reason=text)
        return answer("harm", Verdict.FAIL, text, command)
    return answer("harm", Verdict.PASS, "No evidence of harm beyond the margins")


def absolute_limits(case: Case) -> Answer:
    """Is the candidate beyond an absolute limit? If control is too, it may be the provider: a pause with a deadline."""
    found = [_limit(case, breach) for breach in case.breaches if breach.verdict is Verdict.FAIL]
    acting = [one for one in found if isinstance(one.command, RollBack)]
    acting += [one for one in found if one.command is not None]
    if acting or found:
        return (acting or found)[0]
    if case.breaches and all(breach.verdict is Verdict.NO_DATA for breach in case.breaches):
        return answer("limits", Verdict.NO_DATA, limits.nothing_known(case.release.plan.limits))
    return answer("limits", Verdict.PASS, "Inside every absolute limit")


def sample_ratio(case: Case) -> Answer:
    """Did units come to both arms alike? If not, one arm lacks some, and what is missing may be what matters."""
    found = case.sample_ratio
    if case.release.plan.first:
        return answer("sample ratio", Verdict.PASS, "No units come to a control: there is none in a first release")
    if found is None or found.verdict is not Verdict.FAIL:
        return answer("sample ratio", Verdict.PASS, "Units come to both arms alike")
    text = allocation.sentence(found)
    command = None if case.paused else Pause(trigger=allocation.TRIGGER, reason=text)
    return answer("sample ratio", Verdict.FAIL, text, command)


def deadline(case: Case) -> Answer:
    """Has a pause with a deadline lasted too long? Going back is always the safe side. One for the control's health has
    a deadline as soon as both arms are beyond a limit."""
    hold = case.release.hold
    if hold is None or not (hold.deadline_us or (waits_for_control(hold) and any(one.vetoed for one in case.breaches))):
        return answer("deadline", Verdict.PASS, "No deadline runs")
    allowed_s = case.release.plan.veto_deadline_s
    if case.progress.held_ms < allowed_s * 1000:
        left = span(allowed_s - case.progress.held_ms / 1000)
        return answer("deadline", Verdict.INCONCLUSIVE, f"Rolls back in {left} unless resumed: {hold.reason}")
    if hold.trigger == freshness.IN_FLIGHT and not freshness.hangs(case.release, case.seen):
        return answer("deadline", Verdict.INCONCLUSIVE, f"No call waits too long any more: {hold.reason}")
    text = f"Nobody resumed within {span(allowed_s)}: {hold.reason}"
    return answer("deadline", Verdict.FAIL, text, RollBack(reason=text))


def data(case: Case) -> Answer:
    """Are data there, complete and still coming? A fleet that may only be starting again is waited for."""
    if case.seen.fleet.awaited:
        return answer("data", Verdict.NO_DATA, freshness.AWAITED, ends=True)
    pause = freshness.drops(case.progress, case.seen) or freshness.missing(case.release, case.seen)
    if pause is None:
        arms = "The candidate answers" if case.release.plan.first else "Both arms answer"
        return answer("data", Verdict.PASS, f"{arms} calls, and every host ships its records")
    return answer("data", Verdict.NO_DATA, pause.reason, None if case.paused else pause, ends=True)


def standing_pause(case: Case) -> Answer:
    """May a pause end by itself? Only one for missing data, once they come in again. In a first release it ends under a
    suspicion too, which pauses by itself in the next round: that pause takes in nobody new, this one does."""
    hold = case.release.hold
    if hold is None or not case.paused:
        return answer("pause", Verdict.PASS, "Not paused")
    waiting = asked(case.seen.suspicions, case.release.plan.suspicions.confirm_within_s)
    closes = case.release.plan.first and case.release.exposed
    if not hold.auto_resume or (waiting and not closes):
        text = f"Paused: {waiting}" if waiting else f"Paused until a person resumes: {hold.reason}"
        text += "; who begins a conversation gets the fallback message meanwhile" if hold.closed_from else ""
        return answer("pause", Verdict.INCONCLUSIVE, text, ends=True)
    if case.release.exposed and not freshness.flowing(case.release, case.seen):
        return answer("pause", Verdict.NO_DATA, f"Paused until data return: {hold.reason}", ends=True)
    text = f"Data have returned after a pause ({hold.reason})"
    return answer("pause", Verdict.PASS, text, Resume(reason=text))


def next_stage(case: Case) -> Answer:
    """Is all there that this stage asks for? Then the next step or stage; after the watch, promotion."""
    stage = case.release.plan.stages[case.release.stage]
    if isinstance(stage, ShadowStage) and not case.release.exposed and result_of(case) is None:
        return mirrored_enough(case, stage)
    if isinstance(stage, MeasuredStage):
        return measured(case, stage)
    now = signing(case.release, case.seen.gates)
    return approved(case, now) if now is not None else _next_step(case)


def confirmation(case: Case) -> Answer:
    """Has every host stopped serving a candidate that was taken out?"""
    waiting = case.seen.fleet.unconfirmed
    if waiting:
        names = ", ".join(waiting[:3]) + (f" and {len(waiting) - 3} more" if len(waiting) > 3 else "")
        return answer("confirmation", Verdict.INCONCLUSIVE, f"Not yet confirmed by {names}")
    back = "says the fallback message" if case.release.plan.first else "follows the baseline"
    text = f"Every gateway worker {back}, or its lease has run out"
    return answer("confirmation", Verdict.PASS, text, Confirm(reason=text))


Question = Callable[[Case], Answer]

BEFORE_EXPOSURE: tuple[Question, ...] = (refused, standing_pause, next_stage)
"""While no user has seen the candidate there is no traffic to judge."""
WHILE_MIRRORING: tuple[Question, ...] = (override, refused, paired_harm, pairs_come, standing_pause, next_stage)
"""In a shadow stage pairs tell of the candidate, and nobody has to be taken back."""
# An override switches off neither zero tolerance nor suspicions, so they are asked even where nothing else is.
WHILE_SERVING: tuple[Question, ...] = (
    zero_tolerance,
    suspected,
    override,
    relative_harm,
    absolute_limits,
    monitored,
    sample_ratio,
    control_health,
    counters,
    one_armed,
    labels,
    refused,
    deadline,
    data,
    standing_pause,
    calibration,
    next_stage,
)
WHILE_ENDING: tuple[Question, ...] = (confirmation,)


def _lineage(case: Case) -> str:
    lineage = case.release.lineage
    before = f"what spoke against attempt {lineage.attempt - 1}"
    return f"Attempt {lineage.attempt}, with {before}: " if lineage.carried else ""


def _limit(case: Case, breach: Breach) -> Answer:
    plan = case.release.plan
    limit = plan.limits[breach.index]
    text = limits.sentence(limit, breach)
    trigger = limits.trigger_of(breach.index)
    if breach.vetoed:
        text = f"Candidate and control are both beyond a limit, so it may be the provider: {text}"
        command = None if case.paused else Pause(trigger=trigger, reason=text, deadline_s=plan.veto_deadline_s)
        return answer("limits", Verdict.FAIL, text, command)
    if limit.action == "pause":
        return answer("limits", Verdict.FAIL, text, None if case.paused else Pause(trigger=trigger, reason=text))
    return answer("limits", Verdict.FAIL, text, RollBack(reason=text))


def _next_step(case: Case) -> Answer:
    release, plan = case.release, case.release.plan
    step = plan.steps[release.step]
    lacking = _lacking(case)
    if lacking:
        verdict = Verdict.NO_DATA if lacking.startswith("no ") else Verdict.INCONCLUSIVE
        return answer("step", verdict, f"At {percent(step.share)}: {lacking}")
    candidate, control = case.seen.enrolled()
    served = f"{percent(step.share)} was served in health for {span(case.progress.dwell_ms / 1000)}"
    if plan.is_watch(release.step):
        if case.seen.frozen:
            return answer("step", Verdict.INCONCLUSIVE, f"{served} inside every limit; waits: {case.seen.frozen}")
        text = f"{served} inside every limit: the candidate is live"
        return answer("step", Verdict.PASS, text, Promote(reason=text))
    shown = ", every guardrail inside its margin" if case.margins else ""
    harmless = f"no evidence of harm in {candidate:,} candidate and {control:,} control units"
    if plan.first:
        harmless = f"inside every absolute limit with {candidate:,} candidate units, compared with nothing"
    return onward(case, "step", f"{served}, {harmless}{shown}")


def _lacking(case: Case) -> str:
    """What the step still lacks; empty when it lacks nothing."""
    release, plan = case.release, case.release.plan
    step = plan.steps[release.step]
    left_s = step.dwell_s - case.progress.dwell_ms / 1000
    if left_s > 0:
        return f"{span(left_s)} of {span(step.dwell_s)} in health are left"
    watching = plan.is_watch(release.step)
    candidate, control = case.seen.enrolled(None if watching else release.step)
    alone = watching or plan.first
    fewest, least = candidate if alone else min(candidate, control), max(1, step.min_units)
    if fewest < least:
        of_whom = "of the candidate" if alone else "per arm"
        return f"{fewest:,} of {least:,} units {of_whom} are in" if fewest else "no units of this step are in yet"
    if held := held_by_monitor(case):
        return held
    if silent := unlabelled(case):
        return silent
    if unknown := unjudged(case):
        return unknown
    unknown_limits = [plan.limits[one.index] for one in case.breaches if one.verdict is Verdict.NO_DATA]
    if watching and unknown_limits:
        return limits.cannot_promote(unknown_limits)
    if plan.first and all(breach.verdict is Verdict.NO_DATA for breach in case.breaches):
        return "no absolute limit had enough requests in any complete bucket, and nothing else judges a first release"
    return lacking_sentence(case.margins) if case.margins else ""
