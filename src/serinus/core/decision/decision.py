"""`decide`: the one judgement of a release, asked in one fixed order of questions. Pure."""

from __future__ import annotations

import msgspec

from serinus.core.decision.allocation import SampleRatio, judge_sample_ratio
from serinus.core.decision.breach import Breach
from serinus.core.decision.case import Case
from serinus.core.decision.commands import Command, RequestApproval
from serinus.core.decision.control_health import ControlHealth, judge_control, watched_on
from serinus.core.decision.dwell import begun, informed, proceeded, renewed
from serinus.core.decision.freshness import flowing
from serinus.core.decision.harm import Harm, judge_harm
from serinus.core.decision.limits import judge_limit
from serinus.core.decision.margins import Margins, judge_margins
from serinus.core.decision.measured import fallen
from serinus.core.decision.monitors import judge_monitors
from serinus.core.decision.observations import Observations
from serinus.core.decision.questions import BEFORE_EXPOSURE, WHILE_ENDING, WHILE_MIRRORING, WHILE_SERVING
from serinus.core.decision.shadow import Shadowing, judge_shadow
from serinus.core.decision.shadow_dwell import shadow_proceeded, shadow_stage
from serinus.core.decision.verdict import Finding, Verdict, worst
from serinus.core.release.release import STATS_V, Progress, Release
from serinus.core.release.table import SERVING, State

ENGINE_V = 2
"""2: labels that lack are asked about."""
ENDING = frozenset({State.ROLLING_BACK, State.ABORTING})
"""States that wait for confirmation."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision used: `replay` on it decides the same, with no store at hand."""

    release: Release
    stored: Progress | None
    observations: Observations
    now_us: int
    harm: Harm | None
    limits: tuple[Breach, ...]
    margins: Margins | None = None
    sample_ratio: SampleRatio | None = None
    shadow: Shadowing | None = None
    control: ControlHealth | None = None
    engine: int = ENGINE_V
    stats: int = STATS_V


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do (nothing, mostly), what to remember, and why. `verdict` is the worst of the findings'."""

    commands: tuple[Command, ...]
    progress: Progress
    findings: tuple[Finding, ...]
    evidence: Evidence

    @property
    def verdict(self) -> Verdict:
        """The worst answer."""
        return worst(finding.verdict for finding in self.findings)


def decide(release: Release, stored: Progress | None, seen: Observations, now_us: int) -> Decision:
    """Judge a release by what was seen. At most one command, and only one that changes something.

    The order: zero tolerance → suspicions → override → relative harm → absolute limits → monitors → sample ratio →
    control's own health → counters → both arms → labels → a refusal → a pause's deadline → missing data → what the
    stage asks for: dwell and sample, a measurement, or approvals. Before exposure there is no traffic to ask about.
    `now_us` stamps; nothing is measured by it but how long a suspicion has waited, which goes on while nobody looks.
    """
    serving = release.state in SERVING
    exposed = serving and release.exposed
    comparing = exposed and not release.plan.is_watch(release.step) and not release.plan.first
    most = stored.information if stored else {}
    renewals = stored.renewals if stored else {}
    harm = judge_harm(release, seen.positions, seen.spreads, most, seen.labels, renewals) if comparing else None
    asked = comparing and _asks_margins(release)
    margins = judge_margins(release, seen.positions, seen.spreads, most, seen.labels) if asked else None
    breaches = _breaches(release, seen) if exposed else ()
    ratio = judge_sample_ratio(release, seen.units) if comparing else None
    progress = begun(release, stored, seen)
    if serving:
        progress = informed(proceeded(release, progress, seen, _healthy(release, seen, harm, breaches)), most, harm)
    if comparing:
        progress = renewed(release, progress, seen)
    control = None
    if exposed and not release.plan.first:
        progress = watched_on(release, progress, seen)
        control = judge_control(release, progress.live)
    shadow = None
    if serving and (stage := shadow_stage(release)) is not None:
        progress = msgspec.structs.replace(progress, shadow=shadow_proceeded(release, progress, seen))
        shadow = judge_shadow(release, stage, progress.shadow) if progress.shadow else None
    case = Case(
        release=release,
        progress=progress,
        seen=seen,
        harm=harm,
        breaches=breaches,
        margins=margins,
        sample_ratio=ratio,
        shadow=shadow,
        fallen=fallen(stored.positions, seen.positions) if stored and exposed else (),
        most_information=most,
        now_us=now_us,
        control=control,
    )
    command, findings = _asked(case)
    if serving:
        progress = _remembered(progress, command, findings[-1].text)
    return Decision(
        commands=(command,) if command else (),
        progress=progress,
        findings=findings,
        evidence=Evidence(
            release=release,
            stored=stored,
            observations=seen,
            now_us=now_us,
            harm=harm,
            limits=breaches,
            margins=margins,
            sample_ratio=ratio,
            shadow=shadow,
            control=control,
        ),
    )


def replay(evidence: Evidence) -> Decision:
    """The decision that follows from stored evidence."""
    return decide(evidence.release, evidence.stored, evidence.observations, evidence.now_us)


def _asked(case: Case) -> tuple[Command | None, tuple[Finding, ...]]:
    """The first command that a question leads to, and all answers up to it."""
    before = WHILE_MIRRORING if shadow_stage(case.release) else BEFORE_EXPOSURE
    serving = WHILE_SERVING if case.release.exposed else before
    questions = serving if case.release.state in SERVING else ()
    questions = WHILE_ENDING if case.release.state in ENDING else questions
    findings: list[Finding] = []
    for question in questions:
        answer = question(case)
        findings.append(answer.finding)
        if answer.command is not None or answer.ends:
            return answer.command, tuple(findings)
    return None, tuple(findings)


def _breaches(release: Release, seen: Observations) -> tuple[Breach, ...]:
    watermark_us = seen.fleet.watermark_us
    return tuple(judge_limit(release, i, buckets, watermark_us) for i, buckets in enumerate(seen.limits))


def _asks_margins(release: Release) -> bool:
    taken = release.step in release.plan.steps_of(release.stage)
    return taken and release.plan.steps[release.step].require == "non_inferior"


def _remembered(progress: Progress, command: Command | None, text: str) -> Progress:
    if not isinstance(command, RequestApproval):
        return msgspec.structs.replace(progress, waiting="" if command else text)
    if command.reminder:
        return msgspec.structs.replace(progress, waiting=text, reminded=command.evidence)
    return msgspec.structs.replace(progress, waiting=text, requested=command.evidence)


def _healthy(release: Release, seen: Observations, harm: Harm | None, breaches: tuple[Breach, ...]) -> bool:
    if not release.exposed:
        return False
    breached = any(breach.over_now or breach.verdict is Verdict.FAIL for breach in breaches)
    harmed = harm is not None and harm.verdict is Verdict.FAIL
    critical = any(one.counts and one.level == "critical" for one in judge_monitors(release, seen.monitors))
    quiet = not (breached or harmed or critical)
    return flowing(release, seen) and seen.override is None and quiet
