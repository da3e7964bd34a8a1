"""The questions asked of a shadow stage: do pairs come, do they show harm, and are there enough of them?

What is decided is written down as the stage's result (`Conclude`); the release goes on, or ends, by that result alone,
as after any other measurement.
"""

from __future__ import annotations

import msgspec

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Conclude, Pause, Resume
from serinus.core.decision.freshness import AWAITED, NO_DATA
from serinus.core.decision.gates import result_of
from serinus.core.decision.shadow import PairedLimit, Shadowing
from serinus.core.decision.shadow_dwell import shadow_stage
from serinus.core.decision.tolerance import broken_rules
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import listed, odds, percent, span
from serinus.core.metrics import metric
from serinus.core.pipeline import peak, shadow
from serinus.core.pipeline.stages import Outcome, ShadowStage


class PairEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a result of a shadow stage rests on: digests of both versions, all numbers, and the criteria."""

    candidate: str
    control: str
    shadow: Shadowing
    criteria: ShadowStage
    stage_s: float
    sent: int
    dropped: int


def paired_harm(case: Case) -> Answer:
    """Do pairs show harm, or is an absolute limit broken? Also while it is paused: nothing has to be waited for."""
    found = case.shadow
    if found is None or result_of(case) is not None:
        return answer("pairs", Verdict.PASS, "Nothing is open about the pairs")
    if found.culprits:
        return _conclude(case, "fail", f"the candidate harms: {criterion_sentence(found, found.culprits[0])}")
    for limit in found.broken:
        return _conclude(case, "fail", limit_sentence(limit) + _broken(case, limit))
    for limit in found.vetoed:
        text = f"Candidate and baseline are both beyond a limit, so it may be the provider: {limit_sentence(limit)}"
        text += _broken(case, limit)
        pause = Pause(trigger=f"shadow_limit:{limit.metric}", reason=text)
        return answer("pairs", Verdict.ERROR, text, None if case.paused else pause)
    for name in found.signals:
        text = f"A signal shows harm in shadow: {criterion_sentence(found, name)}"
        kind = "measure" if name in shadow.MARGINS else "shadow"
        pause = Pause(trigger=f"{kind}:{name}", reason=text)
        return answer("pairs", Verdict.FAIL, text, None if case.paused else pause)
    return answer("pairs", Verdict.PASS, f"No evidence of harm in {found.units:,} pairs")


def pairs_come(case: Case) -> Answer:
    """Do shadow calls come in, and from every host? Mirroring goes on while a release is paused for this, so that it
    can end by itself, and so does its budget."""
    hold, result = case.release.hold, result_of(case)
    passing = hold is not None and hold.auto_resume
    if result is not None:
        text = f"The stage has come to its end: {result.outcome}"
        return answer("data", Verdict.PASS, text, Resume(reason=text) if case.paused and passing else None)
    text = _missing(case)
    if not text:
        return answer("data", Verdict.PASS, "Pairs come in")
    if case.progress.stage_ms >= _stage(case).budget_s * 1000 and (passing or not case.paused):
        return _spent(case, _stage(case))
    waits = case.paused or case.seen.fleet.awaited
    command = None if waits else Pause(trigger=NO_DATA, reason=text, auto_resume=True)
    return answer("data", Verdict.NO_DATA, text, command, ends=passing or not case.paused)


def _missing(case: Case) -> str:
    """What is not coming in; empty when all is."""
    fleet, shadowed, freshness_s = case.seen.fleet, case.seen.shadow, case.release.plan.freshness_s
    if fleet.awaited:
        return AWAITED
    if not fleet.live:
        return "No gateway host reports, so nothing is mirrored"
    if fleet.stuck:
        return f"Host {fleet.stuck[0]} has shipped no records for {freshness_s:g} s"
    if shadowed is None:
        return "Nothing is known of any pair"
    age_s = shadowed.flow.age_ms / 1000
    return f"No shadow call was answered for {age_s:.0f} s" if age_s > freshness_s else ""


def mirrored_enough(case: Case, stage: ShadowStage) -> Answer:
    """Is all in that the stage asks for? Then it has passed; at the end of its budget it is inconclusive."""
    found = case.shadow
    missing = lacking(stage, found)
    if not missing and found is not None:
        return _conclude(case, "pass", _passed(stage, found))
    spent_s = case.progress.stage_ms / 1000
    if spent_s >= stage.budget_s:
        return _spent(case, stage)
    text = f"{stage.name}: lacks {listed(missing)}; {span(stage.budget_s - spent_s)} of {span(stage.budget_s)} are left"
    return answer("stage", Verdict.INCONCLUSIVE if found and found.units else Verdict.NO_DATA, text)


def lacking(stage: ShadowStage, found: Shadowing | None) -> list[str]:
    """What the stage still asks for, each with its numbers."""
    units, dwell_s, peak_units = (found.units, found.dwell_s, found.peak_units) if found else (0, 0.0, 0)
    missing = []
    if dwell_s < stage.dwell_s:
        missing.append(f"{span(stage.dwell_s - dwell_s)} of {span(stage.dwell_s)} with pairs coming in")
    if units < stage.min_units:
        missing.append(f"{stage.min_units - units:,} of {stage.min_units:,} units with a pair")
    missing += [
        f"{limit.needed - limit.units:,} pairs for the limit on {metric(limit.metric).title}"
        for limit in (found.limits if found else ())
        if limit.units < limit.needed and limit.needed > stage.min_units
    ]
    window = stage.peak
    if window is not None and peak_units < window.min_units:
        missing.append(f"{window.min_units - peak_units:,} of {window.min_units:,} units in {peak.words(window)}")
    return missing


def criterion_sentence(found: Shadowing, name: str) -> str:
    """What a product manager reads about one guardrail or signal: counts, tolerance and weight of evidence."""
    for one in found.measures:
        if one.measure == name and one.ratio is not None:
            title = shadow.TITLES[one.measure]
            return (
                f"{title} is {one.ratio:.2f} times the baseline's over {one.units:,} pairs; up to {one.max_ratio:g} is "
                f"tolerated, and the evidence for more is {odds(one.log_e)} to 1 where {odds(found.needed)} to 1 was "
                "needed"
            )
    event = next(one for one in found.events if one.metric == name)
    return (
        f"only the candidate had {metric(name).title} in {event.candidate_only:,} of {event.units:,} pairs, only the "
        f"baseline in {event.baseline_only:,}; up to {event.max_ratio or 1:g} times is tolerated, and the evidence for "
        f"more is {odds(event.log_e)} to 1 where {odds(found.needed)} to 1 was needed"
    )


def limit_sentence(limit: PairedLimit) -> str:
    """What a product manager reads about an absolute limit."""
    return (
        f"{limit.candidate:,} of {limit.units:,} pairs ({limit.candidate / max(1, limit.units):.1%}) had "
        f"{metric(limit.metric).title} on the candidate's side, above {percent(limit.above)}; on the baseline's "
        f"{limit.baseline:,}"
    )


def _broken(case: Case, limit: PairedLimit) -> str:
    which = broken_rules(case.seen.broken) if limit.metric == shadow.ZERO_TOLERANCE else ""
    return f". {which}" if which else ""


def _spent(case: Case, stage: ShadowStage) -> Answer:
    outcome: Outcome = "inconclusive" if case.shadow is not None and case.shadow.units else "no-data"
    return _conclude(
        case, outcome, f"after {span(stage.budget_s)} it still lacks {listed(lacking(stage, case.shadow))}"
    )


def _passed(stage: ShadowStage, found: Shadowing) -> str:
    text = f"no evidence of harm in {found.units:,} pairs over {span(found.dwell_s)}"
    if stage.peak is not None:
        text += f", {found.peak_units:,} of them in {peak.words(stage.peak)}"
    held = [f"{one.candidate:,} with {metric(one.metric).title}" for one in found.limits]
    return text + (f"; {listed(held)}" if held else "")


def _conclude(case: Case, outcome: Outcome, text: str) -> Answer:
    release, stage, found = case.release, _stage(case), case.shadow
    if found is None:
        return answer("stage", Verdict.NO_DATA, text)
    seen = case.seen.shadow
    evidence = PairEvidence(
        candidate=release.candidate,
        control=release.control,
        shadow=found,
        criteria=stage,
        stage_s=case.progress.stage_ms / 1000,
        sent=seen.sent if seen else 0,
        dropped=seen.dropped if seen else 0,
    )
    command = Conclude(
        reason=text,
        stage=release.stage,
        attempt=release.attempt_of(release.stage),
        outcome=outcome,
        evidence=msgspec.json.encode(evidence, order="sorted").decode(),
    )
    verdicts = {"pass": Verdict.PASS, "fail": Verdict.FAIL, "no-data": Verdict.NO_DATA}
    return answer("stage", verdicts.get(outcome, Verdict.INCONCLUSIVE), f"{stage.name}: {text}", command)


def _stage(case: Case) -> ShadowStage:
    stage = shadow_stage(case.release)
    if stage is None:
        raise ValueError("asked of a release that is in no shadow stage")
    return stage
