"""Whether the scores of a live judge come in time for the guardrails that wait for them."""

from __future__ import annotations

from serinus.core.decision.wording import percent, span
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.plan import Plan

SHARE = 0.95
"""Of its scores: the others may come after their guardrail has stopped waiting."""


def awaited_s(plan: Plan | None, metric: str) -> float | None:
    """How long the guardrail of a plan waits for a score after its user was first exposed; None: none does."""
    return min((one.awaited_s for one in plan.guardrails if one.metric == metric), default=None) if plan else None


def longest_call_s(live: LiveJudge) -> float:
    """How long the judge's own settings let one call take, without its time in the queue."""
    return live.timeout_s * live.tries * live.judge.repeats


def too_slow(plan: Plan | None, live: LiveJudge) -> str:
    """A sentence, when one call that the judge answers as slowly as it may has its score too late; else empty."""
    waits, takes = awaited_s(plan, live.metric), longest_call_s(live)
    if waits is None or waits >= takes:
        return ""
    return (
        f"the judge of {live.metric} may take {span(takes)} for a call (`timeout`, `tries` and `repeats` of its suite),"
        f" and the guardrail waits for {span(waits)}: a score that comes later is missing; set `matures` above it"
    )


def too_late(plan: Plan | None, metric: str, delay_s: float | None, lag_s: float | None) -> str:
    """A sentence, when scores come too late; else empty. `delay_s`: so long after its call `SHARE` of the scores came
    (None: there is none); `lag_s`: the age of the oldest call that waits (None: none does)."""
    waits = awaited_s(plan, metric)
    if waits is None:
        return ""
    if delay_s is not None and delay_s > waits:
        seen, least = f"{percent(1 - SHARE)} of its scores come {span(delay_s)} or more after their call", delay_s
    elif lag_s is not None and lag_s > waits:
        seen, least = f"the oldest call has waited for {span(lag_s)}", lag_s
    else:
        return ""
    return (
        f"{seen}, and the guardrail waits for {span(waits)}: scores that come later are missing; set `matures` well "
        f"above {span(least)}, or judge faster (more workers, `concurrency`)"
    )
