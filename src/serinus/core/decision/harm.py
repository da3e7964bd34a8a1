"""Relative harm: the sequential comparison with the control, over restarts and guardrails."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from serinus.core.decision import labels, ratios
from serinus.core.decision.labels import Known, by_metric
from serinus.core.decision.ratios import UnitSpread
from serinus.core.decision.verdict import Verdict
from serinus.core.metrics import Kind
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.records.label_sums import LabelSums
from serinus.core.release.release import Positions, Progress, Release, Renewals
from serinus.core.stats import combine, events, multiplicity, renewal, single

NOTHING: Mapping[str, float] = MappingProxyType({})
NOT_RENEWED: Mapping[str, Sequence[renewal.Start]] = MappingProxyType({})
RENEWED_V, BY_LEVEL_V = 2, 3
"""The statistics from which on evidence on events is renewed, and from which on that on scores too, with weights that
depend on α; a release keeps the weights that it began with."""
DIGITS = 6
"""Evidence is rounded to 1e-6 in log before it is compared, so that a replay elsewhere decides the same."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One guardrail's: the units with the event that it was judged on (of a quantile, beyond its threshold; of a ratio,
    those with a value), log E of each restart at a step, and the weighted mean of these and of renewals.

    `no_data` says why nothing can be said yet; then log E is 0. `threshold` of a quantile is the control's own, and
    `candidate_value` and `control_value` are an arm's ratio, all in the metric's unit, or its mean score, as a share of
    the scale; `information` is that of the log of the ratio.
    """

    metric: str
    role: str
    dry_run: bool
    candidate: int
    control: int
    restarts: tuple[float, ...]
    log_e: float
    kind: Kind = "events"
    no_data: str = ""
    threshold: float | None = None
    candidate_value: float | None = None
    control_value: float | None = None
    information: float = 0.0


class Harm(msgspec.Struct, frozen=True, kw_only=True):
    """All guardrails', in the plan's order. `log_e` is that of the release (guardrails that may roll back, and what
    counts on from earlier attempts), `needed` the log of 1/α. `culprits` are metrics refuted by e-Holm, or the heaviest
    one; empty below the bar. `signals` reached the bar alone. `verdict` is FAIL when the release or a signal did."""

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


def judge_harm(
    release: Release,
    positions: Positions,
    spreads: Sequence[UnitSpread] = (),
    information: Mapping[str, float] = NOTHING,
    scores: Sequence[LabelSums] = (),
    renewals: Mapping[str, Sequence[renewal.Start]] = NOT_RENEWED,
) -> Harm:
    """Σ_k w_k Σ_s v_s E_k^(restarted at s) against 1/α (statistics 5), from positions, sums over units and their scores
    alone; s are steps, and for events and scores renewals between them. `information` is the largest that was seen of
    each ratio, `renewals` are those of events that began before now.

    All strata share π = ½ up to 50 %, so that an event is the candidate's with the same chance in each and their
    counts add up without pooling rates.
    """
    plan = release.plan
    counted = compared_positions(release, positions)
    known = by_metric(scores)

    def evidence_of(guardrail: Guardrail) -> Evidence:
        if guardrail.kind == "ratio":
            return _ratio_evidence(release, guardrail, spreads, information)
        if guardrail.kind == "score":
            return _score_evidence(release, guardrail, known)
        return _evidence(release, guardrail, counted, renewals.get(guardrail.metric, ()))

    evidence = tuple(evidence_of(guardrail) for guardrail in plan.guardrails)
    needed = round(math.log(1 / plan.alpha), DIGITS)
    log_e, culprits = _release_evidence(release, evidence, needed)
    signals = _signals(plan, evidence, needed)
    verdict = Verdict.FAIL if culprits or signals else Verdict.PASS
    return Harm(evidence=evidence, log_e=log_e, needed=needed, culprits=culprits, signals=signals, verdict=verdict)


def last_log_e(release: Release, progress: Progress) -> float:
    """log E of the release as its last round knew it; of ratios, whose sums are not remembered, what it made of them.
    What a resume acknowledged is no evidence any more."""
    found = judge_harm(release, progress.positions, scores=progress.labels, renewals=progress.renewals)
    evidence = tuple(
        msgspec.structs.replace(one, log_e=progress.log_e.get(one.metric, 0.0)) if one.kind == "ratio" else one
        for one in found.evidence
    )
    return _release_evidence(release, evidence, found.needed)[0]


def trigger_of(name: str) -> str:
    """The name of a guardrail as a trigger."""
    return f"guardrail:{name}"


def _evidence(
    release: Release, guardrail: Guardrail, positions: Positions, renewed: Sequence[renewal.Start]
) -> Evidence:
    name = guardrail.metric
    compared = compared_steps(release)
    rearmed = release.rearmed.get(trigger_of(name), {})
    floor = rearmed.get("candidate", 0), rearmed.get("control", 0)
    now = positions.get(name, (0, 0))
    margin = margin_of(guardrail)
    log_e = tuple(_since(_later(start.get(name, (0, 0)), floor), now, margin) for start in release.restarts[:compared])
    log_e += (0.0,) * (compared - len(log_e))
    scheme = scheme_of(release, guardrail)
    prior = scheme.prior_events
    later = tuple(_since(_later((one[0], one[1]), floor), now, margin, prior) for one in renewed)
    return Evidence(
        metric=name,
        role=guardrail.role,
        dry_run=guardrail.dry_run,
        candidate=now[0] - floor[0],
        control=now[1] - floor[1],
        restarts=log_e,
        log_e=_mixed(release, scheme, log_e, later, renewed),
        kind=guardrail.kind,
        no_data=unmeasured(release, guardrail),
        threshold=_threshold_ms(release, guardrail),
    )


def margin_of(guardrail: Guardrail) -> events.Margin:
    """What the test of its events tolerates. A quantile's margin is in the candidate's threshold already: at the
    boundary as many units of both arms are beyond theirs (statistics 4.4)."""
    tolerated = 1.0 if guardrail.kind == "quantile" else guardrail.max_ratio
    return events.Margin(tolerated, guardrail.design_ratio)


def compared_steps(release: Release) -> int:
    """How many steps compare the arms."""
    return sum(not release.plan.is_watch(s) for s in range(len(release.plan.steps)))


def _threshold_ms(release: Release, guardrail: Guardrail) -> float | None:
    found = next((one for one in release.yardsticks if one.metric == guardrail.metric), None)
    return found.at_us / 1000 if found and guardrail.kind == "quantile" else None


def unmeasured(release: Release, guardrail: Guardrail) -> str:
    """Why a quantile cannot be judged yet, or empty."""
    if guardrail.kind != "quantile" or _threshold_ms(release, guardrail) is not None:
        return ""
    return "too few answers of the control for its own threshold"


def _ratio_evidence(
    release: Release, guardrail: Guardrail, spreads: Sequence[UnitSpread], most: Mapping[str, float]
) -> Evidence:
    compared = compared_steps(release)
    found = [ratios.compare(guardrail, spreads, since) for since in range(min(release.step + 1, compared))]
    whole = found[0] if found else ratios.compare(guardrail, spreads)
    closed = release.plan.is_watch(release.step)
    missing = "the comparison closed when the watch began" if closed else ratios.missing(guardrail, whole, most)
    log_e = tuple(0.0 if missing else round(ratios.harm_log_e(guardrail, one), DIGITS) for one in found)
    log_e += (0.0,) * (compared - len(log_e))
    # E of later data alone is the quotient of E now and E when a person resumed.
    floor = release.rearmed.get(trigger_of(guardrail.metric), {}).get("log_e_micro", 0) / 1e6
    total = combine.mixed(log_e, combine.restart_weights(compared))
    return Evidence(
        metric=guardrail.metric,
        role=guardrail.role,
        dry_run=guardrail.dry_run,
        candidate=whole.units[0],
        control=whole.units[1],
        restarts=log_e,
        log_e=0.0 if missing else round(total - floor, DIGITS),
        kind="ratio",
        no_data=missing,
        candidate_value=whole.candidate,
        control_value=whole.control,
        information=ratios.information(whole),
    )


def _score_evidence(release: Release, guardrail: Guardrail, known: Known) -> Evidence:
    compared = compared_steps(release)
    found = known.get(guardrail.metric) or LabelSums(metric=guardrail.metric)
    missing = labels.unscored(found)
    log_e = tuple(0.0 if missing else round(labels.harm_log_e(found, since), DIGITS) for since in range(compared))
    floor = release.rearmed.get(trigger_of(guardrail.metric), {}).get("log_e_micro", 0) / 1e6
    total = _mixed_scores(release, guardrail, log_e, found)
    candidate, control = found.labelled()
    means = found.means()
    return Evidence(
        metric=guardrail.metric,
        role=guardrail.role,
        dry_run=guardrail.dry_run,
        candidate=candidate,
        control=control,
        restarts=log_e,
        log_e=0.0 if missing else round(total - floor, DIGITS),
        kind="score",
        no_data=missing,
        candidate_value=_rounded(means[0]),
        control_value=_rounded(means[1]),
    )


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, DIGITS)


def own_alpha(plan: Plan, guardrail: Guardrail) -> float:
    """The level at which a guardrail acts when it alone has evidence: α times its share of the weights of its role."""
    others = [rail for rail in plan.guardrails if rail.role == guardrail.role and not rail.dry_run]
    weight = math.fsum(rail.weight for rail in others if rail.metric != guardrail.metric) + guardrail.weight
    return plan.alpha * guardrail.weight / weight


def scheme_of(release: Release, guardrail: Guardrail) -> renewal.Scheme:
    """How the evidence of one that is renewed is spread, by the statistics that the release began with."""
    if release.stats_v < BY_LEVEL_V:
        return renewal.AT_ANY_LEVEL
    return renewal.of_level(own_alpha(release.plan, guardrail))


def _mixed_scores(release: Release, guardrail: Guardrail, log_e: tuple[float, ...], found: LabelSums) -> float:
    """Of scores: over the whole, the steps, and bets that began anew."""
    if release.stats_v < BY_LEVEL_V:
        return combine.mixed(log_e, combine.restart_weights(len(log_e)))
    scheme = scheme_of(release, guardrail)
    begun, ahead = labels.renewed_log_e(found)
    weights = [*renewal.step_weights(scheme, len(log_e)), scheme.renewed, scheme.renewed * ahead]
    return combine.mixed((*log_e, begun, 0.0), weights)


def _mixed(
    release: Release,
    scheme: renewal.Scheme,
    log_e: tuple[float, ...],
    later: tuple[float, ...],
    renewed: Sequence[renewal.Start],
) -> float:
    """Over the whole, the steps, and renewals; those to come have E = 1."""
    if release.stats_v < RENEWED_V:
        return round(combine.mixed(log_e, combine.restart_weights(len(log_e))), DIGITS)
    own = [renewal.weight(scheme, start) for start in renewed]
    weights = [*renewal.step_weights(scheme, len(log_e)), *own, renewal.to_come(scheme, renewed)]
    return round(combine.mixed((*log_e, *later, 0.0), weights), DIGITS)


def renewed_positions(release: Release, renewals: Renewals, positions: Positions) -> Renewals:
    """The renewals to follow from now on, of every guardrail on events."""
    if release.stats_v < RENEWED_V:
        return renewals
    return renewals | {
        rail.metric: renewal.renewed(
            renewals.get(rail.metric, ()), *positions[rail.metric], margin_of(rail), scheme_of(release, rail)
        )
        for rail in release.plan.guardrails
        if rail.kind in ("events", "quantile") and rail.metric in positions
    }


def _later(start: tuple[int, int], floor: tuple[int, int]) -> tuple[int, int]:
    return max(start[0], floor[0]), max(start[1], floor[1])


def _since(
    start: tuple[int, int], now: tuple[int, int], margin: events.Margin, prior_events: float = events.PRIOR_EVENTS
) -> float:
    seen1, seen0 = max(0, now[0] - start[0]), max(0, now[1] - start[1])
    return round(single.harm(seen1, seen0, margin, prior_events), DIGITS)


def _acting(plan: Plan, evidence: tuple[Evidence, ...], role: str) -> tuple[list[Evidence], tuple[float, ...]]:
    pairs = [(g, e) for g, e in zip(plan.guardrails, evidence, strict=True) if g.role == role and not g.dry_run]
    return [e for _, e in pairs], combine.normalised([g.weight for g, _ in pairs]) if pairs else ()


def _release_evidence(release: Release, evidence: tuple[Evidence, ...], needed: float) -> tuple[float, tuple[str, ...]]:
    plan = release.plan
    acting, weights = _acting(plan, evidence, "guardrail")
    log_e = [e.log_e for e in acting]
    total = combine.mixed(log_e, weights)
    if release.lineage.carried and acting:
        total = multiplicity.carried(release.lineage.carried, total)
    total = round(total, DIGITS)
    if not acting or total < needed:
        return total, ()
    named = combine.culprits(log_e, weights, plan.alpha) or (log_e.index(max(log_e)),)
    return total, tuple(acting[i].metric for i in named)


def _signals(plan: Plan, evidence: tuple[Evidence, ...], needed: float) -> tuple[str, ...]:
    acting, weights = _acting(plan, evidence, "signal")
    return tuple(e.metric for e, w in zip(acting, weights, strict=True) if e.log_e + math.log(w) >= needed)
