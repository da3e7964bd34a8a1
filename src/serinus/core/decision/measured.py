"""The questions about what guardrails measure by: are the numbers sound, are there enough, is the control known?"""

from __future__ import annotations

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Calibrate, Pause
from serinus.core.decision.ratios import FALL_BROKEN
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import amount, listed
from serinus.core.metrics import metric

COUNTERS = "counters"


def counters(case: Case) -> Answer:
    """Did anything that only grows get less? Then what is counted is not what was counted, and a person looks."""
    fallen = [*case.fallen, *_lost_information(case), *_below_zero(case)]
    if not fallen:
        return answer("counters", Verdict.PASS, "Everything counted stands where it stood, or higher")
    text = f"Counters went backwards ({listed(fallen)}), so what was counted before is not there any more"
    command = None if case.paused else Pause(trigger=COUNTERS, reason=text)
    return answer("counters", Verdict.ERROR, text, command)


def calibration(case: Case) -> Answer:
    """Can the control's own quantiles be frozen that no history told?"""
    found = case.seen.yardsticks
    if not found or case.paused:
        return answer("calibration", Verdict.PASS, "Every threshold that can be known is known")
    words = [f"{metric(one.metric).title} {amount('ms', one.at_us / 1000)}" for one in found]
    text = (
        f"The control's own {listed(words)}, from its first {found[0].values:,} calls, is what users' waits are held to"
    )
    return answer("calibration", Verdict.PASS, text, Calibrate(reason=text, yardsticks=found))


def unjudged(case: Case) -> str:
    """The first guardrail that could roll back and of which nothing can be said yet; empty when there is none."""
    if case.harm is None:
        return ""
    silent = (one for one in case.harm.evidence if one.no_data and one.role == "guardrail" and not one.dry_run)
    found = next(silent, None)
    return f"no judgement of {metric(found.metric).title}: {found.no_data}" if found else ""


def _below_zero(case: Case) -> list[str]:
    """Sums over units that no calls can have: nothing costs less than nothing."""
    if case.harm is None:
        return []
    below = {one.metric for one in case.seen.spreads if min(one.units, one.spread.total, one.spread.calls) < 0}
    return [f"the sum of {metric(name).title}, now below 0" for name in sorted(below)]


def _lost_information(case: Case) -> list[str]:
    if case.harm is None:
        return []
    most = case.most_information
    ratios = [one for one in case.harm.evidence if one.kind == "ratio"]
    return [
        f"information on {metric(one.metric).title}"
        for one in ratios
        if one.information < most.get(one.metric, 0.0) * FALL_BROKEN
    ]


def fallen(before: dict[str, tuple[int, int]], now: dict[str, tuple[int, int]]) -> tuple[str, ...]:
    """Which counters are below where they were, or below 0."""
    names = sorted(before.keys() | now.keys())
    pairs = ((name, before.get(name, (0, 0)), now.get(name, (0, 0))) for name in names)
    return tuple(name for name, old, new in pairs if any(b < max(0, a) for a, b in zip(old, new, strict=True)))
