"""Metrics that exist on one arm only: what is not measured in an arm must neither pass in silence nor be waited for."""

from __future__ import annotations

import math

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Pause
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import rarity
from serinus.core.metrics import metric
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.stats import single
from serinus.core.stats.events import Margin

TRIGGER = "one_arm"
ALPHA = 0.001
"""Chance of a false alarm in a release, over all its metrics: an alarm only pauses, as that of the sample ratio."""
MARGIN = Margin(1.25, 2.0)
"""So many times as many users of one arm may have a value: failed calls have none, and arms fail unlike."""
SILENT_EVENTS = 100
"""So many of control and none of the candidate: were its rate a tenth, that would be seen in 1 of 10,000 releases."""


def one_armed(case: Case) -> Answer:
    """Is each metric that acts measured in both arms? A value that only one arm has compares nothing; an event that
    only control reports may be mended, or not reported: a person knows, and resumes."""
    if case.harm is None:
        return answer("both arms", Verdict.PASS, "The comparison closed when the watch began")
    acting = [rail for rail in case.release.plan.guardrails if rail.role != "info" and not rail.dry_run]
    ratios = [rail for rail in acting if rail.kind == "ratio"]
    needed = math.log(2 * max(1, len(ratios)) / ALPHA)
    for rail in acting:
        text = _lopsided(case, rail, needed) if rail in ratios else _silent(case, rail)
        if text:
            command = None if case.paused else Pause(trigger=f"{TRIGGER}:{rail.metric}", reason=text)
            return answer("both arms", Verdict.NO_DATA, text, command)
    return answer("both arms", Verdict.PASS, "What acts is measured in both arms")


def _lopsided(case: Case, rail: Guardrail, needed: float) -> str:
    """A unit with a value is of either arm with the same chance, or nearly."""
    candidate, control = _counted(case, rail)
    log_e = max(single.harm(candidate, control, MARGIN), single.harm(control, candidate, MARGIN))
    if log_e < needed:
        return ""
    return (
        f"{metric(rail.metric).title} is known of {candidate:,} candidate users and of {control:,} in control (so "
        f"unlike in fewer than {rarity(log_e)} releases by chance), so it cannot be compared: see that calls of both "
        "versions tell it"
    )


def _silent(case: Case, rail: Guardrail) -> str:
    """Asked once: a person who resumed knows that the candidate's calls report it, and it goes on being mended."""
    if f"{TRIGGER}:{rail.metric}" in case.release.rearmed:
        return ""
    candidate, control = _counted(case, rail)
    if rail.kind != "events" or rail.awaits_labels or candidate or control < SILENT_EVENTS:
        return ""
    return (
        f"{control:,} users in control had {metric(rail.metric).title}, and none of the candidate's: either it is "
        "mended, or the candidate's calls do not report it; resume once you know that they do"
    )


def _counted(case: Case, rail: Guardrail) -> tuple[int, int]:
    """Units with a value or an event, since a person resumed after the same."""
    floor = case.release.rearmed.get(f"{TRIGGER}:{rail.metric}", {})
    candidate, control = case.seen.positions.get(rail.metric, (0, 0))
    return max(0, candidate - floor.get("candidate", 0)), max(0, control - floor.get("control", 0))
