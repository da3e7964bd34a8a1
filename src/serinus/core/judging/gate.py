"""The gate of a suite: from counted scores to findings, in the one order of worse."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from serinus.core.judging.case import Case
from serinus.core.judging.comparison import Comparison, Measured, compare
from serinus.core.judging.judge import same_family
from serinus.core.judging.report import ArmScores, CriterionReport, Finding, SuiteReport, VersionRef
from serinus.core.judging.rules import applies
from serinus.core.judging.scorers import Judge
from serinus.core.judging.suite import Criterion, Suite
from serinus.core.judging.tally import BASELINE, CANDIDATE, Reduced, Tally, Usage
from serinus.core.pipeline.stages import Outcome
from serinus.core.stats.fixed_sample import Interval, wilson


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has ended. `cut_short` says why it did not ask everything; empty when it did."""

    suite: Suite
    cases: Sequence[Case]
    candidate: VersionRef
    baseline: VersionRef | None
    tally: Tally
    code: str
    cut_short: str = ""


def report(run: Run) -> SuiteReport:
    """The report of a run."""
    clusters = clusters_of(run.cases)
    judged = [_judged(run, clusters, index) for index in range(len(run.suite.criteria))]
    usage = run.tally.usage(CANDIDATE)
    baseline_usage = run.tally.usage(BASELINE) if run.baseline else None
    findings = [*_answers(run, usage, baseline_usage), *(finding for _, own in judged for finding in own)]
    if not run.cut_short and not any(one.check in ("min", "max_drop") and not one.dry for one in findings):
        findings.append(
            Finding(about=run.suite.name, check="threshold", outcome="no-data", text="no threshold gates anything")
        )
    return SuiteReport(
        suite=run.suite.name,
        suite_digest=run.suite.digest,
        data_digest=run.suite.data,
        code=run.code,
        candidate=run.candidate,
        baseline=run.baseline,
        cases=len(run.cases),
        repeats=run.suite.repeats,
        criteria=tuple(one for one, _ in judged),
        usage=usage,
        baseline_usage=baseline_usage,
        judge_cost_nano=run.tally.judge_cost_nano,
        findings=tuple(findings),
        warnings=_warnings(run),
    )


def clusters_of(cases: Sequence[Case]) -> list[int]:
    """A number per case, the same for cases of one group."""
    numbers: dict[tuple[tuple[str, str], ...], int] = {}
    found = []
    for index, case in enumerate(cases):
        group = tuple(sorted(case.group.items()))
        found.append(numbers.setdefault(group, index) if group else index)
    return found


def _answers(run: Run, usage: Usage, baseline: Usage | None) -> list[Finding]:
    """Whether the run is whole, and whether there is enough of it."""
    suite, findings = run.suite, []
    if run.cut_short:
        text = f"the run was cut short: {run.cut_short}"
        findings.append(Finding(about=suite.name, check="complete", outcome="inconclusive", text=text))
    for ref, one in ((run.candidate, usage), (run.baseline, baseline)):
        if ref is None or one is None or run.cut_short:
            continue
        asked = one.answers + one.missing
        good = asked > 0 and one.missing <= suite.max_unscored * asked
        kinds = ", ".join(f"{kind}: {n}" for kind, n in one.faults.items())
        text = f"{ref.name} left {one.missing} of {asked} questions unanswered" + (f" ({kinds})" if kinds else "")
        findings.append(Finding(about=ref.name, check="answers", outcome="pass" if good else "error", text=text))
    if len(run.cases) < suite.min_cases:
        text = f"{len(run.cases)} cases, and {suite.min_cases} are needed"
        findings.append(Finding(about=suite.name, check="cases", outcome="inconclusive", text=text))
    return findings


def _judged(run: Run, clusters: Sequence[int], index: int) -> tuple[CriterionReport, list[Finding]]:
    criterion = run.suite.criteria[index]
    fitting = [i for i, case in enumerate(run.cases) if case.fits(criterion.where) and applies(criterion.scorer, case)]
    one = run.tally.reduced(CANDIDATE, index)
    zero = run.tally.reduced(BASELINE, index) if run.baseline else None
    comparison = None
    if zero is not None:
        comparison = compare(
            Measured(
                ids=[run.cases[i].id for i in fitting],
                weights=[run.cases[i].weight for i in fitting],
                clusters=[clusters[i] for i in fitting],
                candidate=[one.values[i] for i in fitting],
                baseline=[zero.values[i] for i in fitting],
            )
        )
    shown = CriterionReport(
        name=criterion.name,
        kind=str(type(criterion.scorer).__struct_config__.tag),
        digest=criterion.digest,
        candidate=_arm(run.cases, clusters, fitting, one),
        baseline=_arm(run.cases, clusters, fitting, zero) if zero else None,
        comparison=comparison,
        calibration=criterion.calibration.labels if criterion.calibration else "",
    )
    return shown, _criterion_findings(run, criterion, shown)


def _arm(cases: Sequence[Case], clusters: Sequence[int], fitting: Sequence[int], reduced: Reduced) -> ArmScores:
    kept = [(reduced.values[i], cases[i].weight, clusters[i]) for i in fitting]
    scored = [(value, weight, cluster) for value, weight, cluster in kept if value is not None]
    mean = None
    if scored:
        total = math.fsum(weight for _, weight, _ in scored)
        value = math.fsum(value * weight for value, weight, _ in scored) / total
        # Kish's effective size, and never more observations than groups.
        size = min(total * total / math.fsum(w * w for _, w, _ in scored), len({c for _, _, c in scored}))
        limits = wilson(value * size, size)
        mean = Interval(value=value, low=limits.low, high=limits.high)
    return ArmScores(
        mean=mean,
        scored=reduced.scored,
        cases=len(scored),
        unscored=reduced.unscored,
        reasons=reduced.reasons,
        flips=reduced.flips,
    )


def _criterion_findings(run: Run, criterion: Criterion, shown: CriterionReport) -> list[Finding]:
    # Part of the cases may say anything: what was cut short gates by that alone.
    dry = criterion.dry() or ("the run was cut short" if run.cut_short else "")
    found: list[tuple[str, Outcome, str]] = []
    sides = [("candidate", shown.candidate)] + ([("baseline", shown.baseline)] if shown.baseline else [])
    for side, arm in sides:
        share = arm.unscored / (arm.scored + arm.unscored) if arm.unscored else 0.0
        if share > run.suite.max_unscored:
            reason = next(iter(arm.reasons), "")
            text = f"{criterion.name} is unscored for {arm.unscored} answers of the {side} ({reason})"
            found.append(("unscored", "inconclusive", text))
    if shown.candidate.cases < criterion.min_cases:
        text = f"{criterion.name} has {shown.candidate.cases} scored cases, and {criterion.min_cases} are needed"
        found.append(("cases", "inconclusive", text))
    if criterion.min is not None:
        found.append(("min", *_absolute(criterion, shown.candidate, criterion.min)))
    if criterion.max_drop is not None and shown.comparison is not None:
        found.append(("max_drop", *_relative(criterion.name, shown.comparison, criterion.max_drop)))
    return [
        Finding(about=criterion.name, check=check, outcome=outcome, text=text, dry=dry)  # type: ignore[arg-type]
        for check, outcome, text in found
    ]


def _absolute(criterion: Criterion, arm: ArmScores, least: float) -> tuple[Outcome, str]:
    if arm.mean is None:
        return "no-data", f"{criterion.name} has no score"
    mean = arm.mean
    numbers = f"{criterion.name} is {mean.value:.1%} ({mean.low:.1%} to {mean.high:.1%}, {arm.cases} cases)"
    if not criterion.confident:
        # The cases are the whole of what is asked: their own mean is compared, and no interval stands in between.
        good = mean.value >= least - 1e-12
        return ("pass", f"{numbers}, at least {least:.1%}") if good else ("fail", f"{numbers}, below {least:.1%}")
    if mean.low >= least:
        return "pass", f"{numbers}, surely at least {least:.1%}"
    if mean.high < least:
        return "fail", f"{numbers}, surely below {least:.1%}"
    return "inconclusive", f"{numbers}: neither at least {least:.1%} nor below is shown"


def _relative(name: str, comparison: Comparison, most: float) -> tuple[Outcome, str]:
    if not comparison.pairs:
        return "no-data", f"{name} has no case that both versions have a score for"
    difference = comparison.difference
    numbers = (
        f"{name} differs by {difference.value * 100:+.1f} points from the baseline"
        f" ({difference.low * 100:+.1f} to {difference.high * 100:+.1f}, {comparison.pairs} pairs)"
    )
    if difference.low >= -most:
        return "pass", f"{numbers}, at most {most * 100:g} worse"
    if difference.high < -most:
        return "fail", f"{numbers}, more than {most * 100:g} worse"
    return "inconclusive", (
        f"{numbers}: these cases show drops from {comparison.visible * 100:.1f} points on,"
        f" {most * 100:g} would take about {comparison.needed(most)}"
        if most
        else f"{numbers}: no number of cases shows that nothing got worse; allow a drop"
    )


def _warnings(run: Run) -> tuple[str, ...]:
    return tuple(
        f"{criterion.name}: the judge {criterion.scorer.model} is of the candidate's own family ({run.candidate.model})"
        for criterion in run.suite.criteria
        if isinstance(criterion.scorer, Judge) and same_family(criterion.scorer.model, run.candidate.model)
    )


def blind_spots(suite: Suite, cases: Sequence[Case], discordant: float = 0.1) -> list[str]:
    """What the gate asks for and so many cases cannot show, when this share of pairs differs; known before any run."""
    spots = []
    for criterion in suite.criteria:
        fitting = sum(case.fits(criterion.where) and applies(criterion.scorer, case) for case in cases)
        if fitting < max(criterion.min_cases, 1):
            spots.append(f"{criterion.name}: {fitting} cases fit, and {max(criterion.min_cases, 1)} are needed")
        elif criterion.max_drop is not None:
            comparison = compare(_as_if(fitting, discordant))
            if comparison.visible > criterion.max_drop > 0:
                spots.append(
                    f"{criterion.name}: {fitting} cases with {discordant:.0%} of them differing show drops from"
                    f" {comparison.visible * 100:.1f} points on, not {criterion.max_drop * 100:g};"
                    f" about {comparison.needed(criterion.max_drop)} cases would"
                )
    if len(cases) < suite.min_cases:
        spots.append(f"{suite.name}: {len(cases)} cases, and min_cases asks for {suite.min_cases}")
    return spots


def _as_if(pairs: int, discordant: float) -> Measured:
    """Pairs of which this share differs, half each way."""
    lost = round(pairs * discordant / 2)
    candidate = [0.0] * lost + [1.0] * (pairs - lost)
    baseline = [1.0] * (pairs - lost) + [0.0] * lost
    return Measured(
        ids=[""] * pairs, weights=[1.0] * pairs, clusters=range(pairs), candidate=candidate, baseline=baseline
    )
