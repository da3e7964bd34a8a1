"""What a decision took a candidate back for, as an incident keeps it: the number, its bound, the control's number."""

from __future__ import annotations

from serinus.core.decision.breach import Breach
from serinus.core.decision.decision import Decision, Evidence
from serinus.core.decision.harm import Evidence as OfMetric
from serinus.core.decision.monitors import MonitorStanding, judge_monitors
from serinus.core.decision.tolerance import METRIC as ZERO_TOLERANCE
from serinus.core.decision.verdict import Verdict
from serinus.core.metrics import metric
from serinus.core.pipeline.guardrail import Guardrail
from serinus.core.pipeline.limit import Limit
from serinus.core.records.labels import on_scale
from serinus.core.release.trigger import MOST_CALLS, Trigger

_KINDS = {
    "tolerance": "zero_tolerance",
    "suspicions": "suspicion",
    "harm": "harm",
    "limits": "limit",
    "deadline": "deadline",
    "monitors": "monitor",
}


def triggered(decision: Decision) -> Trigger:
    """Of a decision whose last finding led to a rollback or a rejection. What the evidence does not hold is None."""
    seen, question = decision.evidence, decision.findings[-1].question
    kind = _KINDS.get(question, "gate")
    units = seen.observations.enrolled()[0] if seen.release.exposed else None
    match kind:
        case "zero_tolerance":
            return _zero_tolerance(seen, units)
        case "suspicion":
            return Trigger(kind=kind, units=units, calls=_suspected(seen)[:MOST_CALLS])
        case "harm":
            return _harm(seen, units)
        case "limit":
            broken = [one for one in seen.limits if one.verdict is Verdict.FAIL and not one.vetoed and one.run]
            acting = [one for one in broken if seen.release.plan.limits[one.index].action == "rollback"]
            return _limit(kind, seen, acting[0], units) if acting else Trigger(kind=kind, units=units)
        case "monitor":
            return _monitor(seen, units)
        case "deadline":
            return _deadline(kind, seen, units)
    return Trigger(kind=kind, units=units)


def _suspected(seen: Evidence) -> tuple[str, ...]:
    """The calls of confirmed suspicions, or, with none confirmed, of those that nobody answered in time."""
    held = seen.observations.suspicions
    confirmed = tuple(one.call for one in held if one.answer == "confirmed")
    return confirmed or tuple(one.call for one in held if one.pending)


def _zero_tolerance(seen: Evidence, units: int | None) -> Trigger:
    candidate, control = seen.observations.positions.get(ZERO_TOLERANCE, (0, 0))
    calls = dict.fromkeys(one.call for one in seen.observations.broken)
    return Trigger(
        kind="zero_tolerance",
        metric=ZERO_TOLERANCE,
        unit="users",
        value=float(candidate),
        threshold=0.0,
        against=None if seen.release.plan.first else float(control),
        units=units,
        calls=tuple(calls)[:MOST_CALLS],
    )


def _harm(seen: Evidence, units: int | None) -> Trigger:
    harm = seen.harm
    if harm is None or not harm.culprits:
        return Trigger(kind="harm", units=units)
    name = harm.culprits[0]
    found = next(one for one in harm.evidence if one.metric == name)
    guardrail = next(one for one in seen.release.plan.guardrails if one.metric == name)
    value, against = _compared(found, seen.observations.enrolled())
    return Trigger(
        kind="harm",
        metric=name,
        unit="share" if found.kind == "quantile" else metric(name).unit,
        value=value,
        threshold=_tolerated(found, guardrail, against),
        against=against,
        units=units,
    )


def _compared(found: OfMetric, units: tuple[int, int]) -> tuple[float | None, float | None]:
    """Both arms' number: means and ratios as they are, of events and quantiles the shares of units."""
    if found.kind == "score":
        return on_scale(found.metric, found.candidate_value), on_scale(found.metric, found.control_value)
    if found.kind == "ratio":
        return found.candidate_value, found.control_value
    candidate = found.candidate / units[0] if units[0] else None
    return candidate, found.control / units[1] if units[1] else None


def _tolerated(found: OfMetric, guardrail: Guardrail, against: float | None) -> float | None:
    """The largest (or least) number inside the margin, beside the control's own."""
    if against is None:
        return None
    if found.kind == "quantile":
        return against
    if found.kind == "score" and found.control_value is not None:
        drop = -guardrail.drop if guardrail.rises else guardrail.drop
        return on_scale(found.metric, found.control_value - drop)
    return against * guardrail.max_ratio


def _limit(kind: str, seen: Evidence, breach: Breach, units: int | None) -> Trigger:
    limit = seen.release.plan.limits[breach.index]
    value, against = _of_run(limit, breach)
    return Trigger(
        kind=kind,
        metric=limit.metric,
        unit=metric(limit.metric).unit,
        value=value,
        threshold=limit.bound,
        against=against,
        units=units,
    )


def _of_run(limit: Limit, breach: Breach) -> tuple[float | None, float | None]:
    """Both arms' number over the buckets that broke it: of events their share, else that of the newest bucket."""
    if not metric(limit.metric).event:
        return breach.run[-1].candidate_value, breach.run[-1].control_value
    calls, control = sum(one.candidate for one in breach.run), sum(one.control for one in breach.run)
    bad, control_bad = sum(one.candidate_bad for one in breach.run), sum(one.control_bad for one in breach.run)
    return bad / calls if calls else None, control_bad / control if control else None


def _monitor(seen: Evidence, units: int | None) -> Trigger:
    acting = [one for one in judge_monitors(seen.release, seen.observations.monitors) if _rolls_back(one)]
    if not acting:
        return Trigger(kind="monitor", units=units)
    monitor = acting[0].monitor
    read = next((one for one in seen.observations.monitors if one.monitor == monitor.name), None)
    critical = monitor.critical
    return Trigger(
        kind="monitor",
        metric=monitor.name,
        unit=monitor.unit,
        value=read.value if read else None,
        threshold=critical.bound if critical is not None and not critical.relative else None,
        against=read.baseline if read else None,
        units=units,
    )


def _rolls_back(one: MonitorStanding) -> bool:
    return one.acts and one.monitor.action == "rollback" and not one.vetoed


def _deadline(kind: str, seen: Evidence, units: int | None) -> Trigger:
    """What paused it, as far as it still stands: of a limit its numbers."""
    hold = seen.release.hold
    word, _, name = hold.trigger.partition(":") if hold is not None else ("", "", "")
    if word == "limit":
        breach = next((one for one in seen.limits if str(one.index) == name and one.run), None)
        if breach is not None:
            return _limit(kind, seen, breach, units)
    return Trigger(kind=kind, metric=name if word in ("guardrail", "monitor") else "", units=units)
