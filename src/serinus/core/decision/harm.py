"""Relative harm: the sequential comparison of first bad events, over restarts and guardrails."""

from __future__ import annotations

import math

import msgspec

from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import odds
from serinus.core.metrics import metric
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.release.release import Positions, Release
from serinus.core.stats import combine, events, single

DIGITS = 6
"""Evidence is rounded to 1e-6 in log before it is compared, so that a replay elsewhere decides the same."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One guardrail's: the events it was judged on, log E of each restart, and their weighted mean."""

    metric: str
    role: str
    dry_run: bool
    candidate: int
    control: int
    restarts: tuple[float, ...]
    log_e: float


class Harm(msgspec.Struct, frozen=True, kw_only=True):
    """All guardrails', in the plan's order. `log_e` is that of the release (guardrails that may roll back), `needed`
    the log of 1/α. `culprits` are metrics refuted by e-Holm, or the heaviest one; empty below the bar. `signals`
    reached the bar alone. `verdict` is FAIL when the release or a signal reached it."""

    evidence: tuple[Evidence, ...]
    log_e: float
    needed: float
    culprits: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    verdict: Verdict = Verdict.PASS


def compared_positions(release: Release, positions: Positions) -> Positions:
    """The events that the comparison may use: the comparison closes when the watch begins."""
    watches = [s for s, _ in enumerate(release.restarts) if release.plan.is_watch(s)]
    return release.restarts[watches[0]] if watches else positions


def judge_harm(release: Release, positions: Positions) -> Harm:
    """Σ_k w_k Σ_s v_s E_k^(restarted at step s) against 1/α (statistics 5), from positions alone.

    All strata share π = ½ up to 50 %, so that an event is the candidate's with the same chance in each and their
    counts add up without pooling rates.
    """
    plan = release.plan
    counted = compared_positions(release, positions)
    evidence = tuple(_evidence(release, guardrail, counted) for guardrail in plan.guardrails)
    needed = round(math.log(1 / plan.alpha), DIGITS)
    log_e, culprits = _release_evidence(plan, evidence, needed)
    signals = _signals(plan, evidence, needed)
    verdict = Verdict.FAIL if culprits or signals else Verdict.PASS
    return Harm(evidence=evidence, log_e=log_e, needed=needed, culprits=culprits, signals=signals, verdict=verdict)


def trigger_of(name: str) -> str:
    """The name of a guardrail as a trigger."""
    return f"guardrail:{name}"


def _evidence(release: Release, guardrail: Guardrail, positions: Positions) -> Evidence:
    name = guardrail.metric
    compared = sum(not release.plan.is_watch(s) for s in range(len(release.plan.steps)))
    rearmed = release.rearmed.get(trigger_of(name), {})
    floor = rearmed.get("candidate", 0), rearmed.get("control", 0)
    now = positions.get(name, (0, 0))
    margin = events.Margin(guardrail.max_ratio, guardrail.design_ratio)
    log_e = tuple(_since(_later(start.get(name, (0, 0)), floor), now, margin) for start in release.restarts[:compared])
    log_e += (0.0,) * (compared - len(log_e))
    return Evidence(
        metric=name,
        role=guardrail.role,
        dry_run=guardrail.dry_run,
        candidate=now[0] - floor[0],
        control=now[1] - floor[1],
        restarts=log_e,
        log_e=round(combine.mixed(log_e, combine.restart_weights(compared)), DIGITS),
    )


def _later(start: tuple[int, int], floor: tuple[int, int]) -> tuple[int, int]:
    return max(start[0], floor[0]), max(start[1], floor[1])


def _since(start: tuple[int, int], now: tuple[int, int], margin: events.Margin) -> float:
    seen1, seen0 = max(0, now[0] - start[0]), max(0, now[1] - start[1])
    return round(single.harm(seen1, seen0, margin), DIGITS)


def _acting(plan: Plan, evidence: tuple[Evidence, ...], role: str) -> tuple[list[Evidence], tuple[float, ...]]:
    pairs = [(g, e) for g, e in zip(plan.guardrails, evidence, strict=True) if g.role == role and not g.dry_run]
    return [e for _, e in pairs], combine.normalised([g.weight for g, _ in pairs]) if pairs else ()


def _release_evidence(plan: Plan, evidence: tuple[Evidence, ...], needed: float) -> tuple[float, tuple[str, ...]]:
    acting, weights = _acting(plan, evidence, "guardrail")
    log_e = [e.log_e for e in acting]
    total = round(combine.mixed(log_e, weights), DIGITS)
    if not acting or total < needed:
        return total, ()
    named = combine.culprits(log_e, weights, plan.alpha) or (log_e.index(max(log_e)),)
    return total, tuple(acting[i].metric for i in named)


def _signals(plan: Plan, evidence: tuple[Evidence, ...], needed: float) -> tuple[str, ...]:
    acting, weights = _acting(plan, evidence, "signal")
    return tuple(e.metric for e, w in zip(acting, weights, strict=True) if e.log_e + math.log(w) >= needed)


def sentence(harm: Harm, name: str, plan: Plan, units: tuple[int, int]) -> str:
    """What a product manager reads about one metric: counts, ratio, tolerance and weight of evidence."""
    found = next(e for e in harm.evidence if e.metric == name)
    guardrail = next(g for g in plan.guardrails if g.metric == name)
    weight = found.log_e if guardrail.role == "signal" else harm.log_e
    return (
        f"{found.candidate:,} of {units[0]:,} candidate units had {metric(name).title} against {found.control:,} of "
        f"{units[1]:,} in control{_times(found, units)}; up to {guardrail.max_ratio:g} times is tolerated, and the "
        f"evidence for more is {odds(weight)} to 1 where {odds(harm.needed)} to 1 was needed"
    )


def _times(found: Evidence, units: tuple[int, int]) -> str:
    if not (found.control and units[0] and units[1]):
        return ""
    return f" ({found.candidate * units[1] / (found.control * units[0]):.1f} times as many)"
