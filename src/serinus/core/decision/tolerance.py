"""Zero tolerance: a rule matched a candidate's answer, which is confirmed by itself (product.md J1)."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.decision.case import Answer, Case, answer
from serinus.core.decision.commands import Pause, RollBack
from serinus.core.decision.harm import trigger_of
from serinus.core.decision.observations import RuleBroken
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import listed
from serinus.core.metrics import event_metric

METRIC = event_metric("call.zero_tolerance").name
TRIGGER = trigger_of(METRIC)


def zero_tolerance(case: Case) -> Answer:
    """Did the candidate break a rule that tolerates nothing? One unit is enough, unless the control's units are no
    better off: then taking the candidate back would mend nothing, and a person decides."""
    floor = case.release.rearmed.get(TRIGGER, {})
    seen = case.seen.positions.get(METRIC, (0, 0))
    candidate, control = seen[0] - floor.get("candidate", 0), seen[1] - floor.get("control", 0)
    if candidate <= 0:
        return answer("tolerance", Verdict.PASS, "No rule with zero tolerance was broken by the candidate")
    units, compared = case.seen.enrolled()
    beside = "" if case.release.plan.first else f"of control {control:,} of {compared:,}"
    which = broken_rules(case.seen.broken)
    if which:
        text = f"{which}: {_units(candidate)} of the candidate got such an answer, of {units:,}" + (
            f"; {beside}" if beside else ""
        )
    else:
        text = (
            f"{_units(candidate)} of the candidate got an answer that breaks a rule with zero tolerance, of {units:,}; "
            f"{beside and beside + ' '}(which answers: the calls of this release with event {METRIC})"
        )
    if candidate * compared > control * units or control <= 0:
        return answer("tolerance", Verdict.FAIL, text, RollBack(reason=text))
    text = f"Candidate and control both break a rule with zero tolerance, so it is not the change alone: {text}"
    return answer("tolerance", Verdict.FAIL, text, None if case.paused else Pause(trigger=TRIGGER, reason=text))


def broken_rules(broken: Sequence[RuleBroken]) -> str:
    """Which rule was broken, by which version and in which call, as a clause; empty when that is not known. The text of
    the answer is not told: it may be what nobody should read."""
    if not broken:
        return ""
    names = listed([one.rule for one in broken])
    whose = f"of {broken[0].version} in {broken[0].call}"
    if len(broken) == 1:
        return f"Rule {names}, which tolerates nothing, was broken by an answer {whose}"
    return f"Rules {names}, which tolerate nothing, were broken by an answer {whose}"


def _units(number: int) -> str:
    return "1 unit" if number == 1 else f"{number:,} units"
