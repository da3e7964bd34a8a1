"""What a forecast means for a plan, in words: what cannot work, what to know, and how to mend it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from serinus.core.decision.wording import amount, listed, percent, span
from serinus.core.lint import score_words
from serinus.core.lint.costs import judge_cost, shadow_costs
from serinus.core.lint.false_stops import bad_share, false_stops
from serinus.core.lint.finding import Finding, Level
from serinus.core.lint.forecast import LONGEST_HOURS, SEES, ratio_of
from serinus.core.lint.foreseen import Forecast, StepForecast
from serinus.core.lint.mean_stops import acting_means
from serinus.core.lint.ratios import USUAL_VARIATION
from serinus.core.lint.traffic import Traffic
from serinus.core.metrics import metric
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Plan
from serinus.core.stats import multiplicity

RELEASES_A_YEAR = 52
HEAVIEST_UNIT = 0.01
LIKELY_GAP = 0.01
"""A chance of a pause for missing data in a night from which on it is told."""
FALSE_LIMIT, MOSTLY = 0.01, 0.5
"""Chances of a false stop in a release from which on they are a warning, and an error."""
_S_PER_HOUR = 3600.0


def findings(plan: Plan, traffic: Traffic, found: Forecast, releases_a_year: int = RELEASES_A_YEAR) -> list[Finding]:
    """All findings, errors first."""
    every = [
        *_steps(plan, traffic, found),
        *_shown(plan, found),
        *_harms(plan, found),
        *score_words.drops(found),
        *_limits(plan, traffic, found),
        *_false_stops(plan, traffic, found),
        *_costs(plan, traffic, found),
        *_gaps(plan, traffic, found),
        *_ripening(plan),
        *_units(traffic),
        _stops(plan, releases_a_year),
    ]
    order: tuple[Level, ...] = ("error", "warning", "info")
    return sorted(every, key=lambda one: order.index(one.level))


def _steps(plan: Plan, traffic: Traffic, found: Forecast) -> Iterator[Finding]:
    """Steps that never end, or in which nothing can be seen."""
    compared = [step for step in found.steps if not plan.is_watch(step.step)]
    for one in compared:
        where = f"plan.steps[{one.step}]"
        if one.waits_for:
            yield score_words.slow_grades(plan, one, where)
        if one.hours is None:
            if one.waits_for:
                continue
            yield Finding(
                level="error",
                where=where,
                what=f"at {percent(one.share)} {plan.steps[one.step].min_units:,} units per arm do not come together "
                f"within {span(LONGEST_HOURS * _S_PER_HOUR)}",
                mend="raise the share of this step, or lower its min_units",
            )
            continue
        dwell_s = plan.steps[one.step].dwell_s
        if one.hours * _S_PER_HOUR > 1.05 * dwell_s and not one.waits_for:
            yield Finding(
                level="warning",
                where=where,
                what=f"at {percent(one.share)} it takes {span(one.hours * _S_PER_HOUR)} until each arm has its "
                f"{plan.steps[one.step].min_units:,} units, not the dwell of {span(dwell_s)}",
                mend="raise the share, lower min_units, or plan for it",
            )
        if one.metrics:
            yield from _sight(plan, traffic, one, found.assumed, last=one is compared[-1])


def _sight(plan: Plan, traffic: Traffic, one: StepForecast, assumed: tuple[str, ...], last: bool) -> Iterator[Finding]:
    where = f"plan.steps[{one.step}]"
    place = f"by the end of {percent(one.share)} ({one.units_so_far:,.0f} units per arm)"
    blind = [m for m in one.metrics if m.seen < SEES]
    if not last:
        if all(m.smallest_harm is None and m.smallest_drop is None for m in one.metrics):
            yield Finding(
                level="warning",
                where=where,
                what=f"{place} no guardrail sees even a hundredfold harm; only absolute limits guard this step",
                mend="give it a larger share or a longer dwell",
            )
        return
    for m in blind:
        rail = next(rail for rail in plan.guardrails if rail.metric == m.metric)
        if m.graded is not None:
            yield score_words.blind_to_drops(rail, m, where, place)
            continue
        ratio = ratio_of(traffic, rail, rail.design_ratio)
        smallest = f"{m.smallest_harm:.3g} times the control's" if m.smallest_harm is not None else "nothing"
        yield Finding(
            level="warning" if m.metric in assumed else "error",
            where=where,
            what=f"{place} the comparison sees {metric(m.metric).title} of {ratio:.3g} times the control's with chance "
            f"{percent(m.seen)}; what it sees with {percent(SEES)} is {smallest}",
            mend="lengthen the dwell of this step or of those before it, raise their shares, or give the guardrail a "
            "larger design_ratio",
        )


def _shown(plan: Plan, found: Forecast) -> Iterator[Finding]:
    for one in found.steps:
        step = plan.steps[one.step]
        if step.require != "non_inferior" or plan.is_watch(one.step):
            continue
        for m in one.metrics:
            rail = next(rail for rail in plan.guardrails if rail.metric == m.metric)
            if rail not in plan.promoting():
                continue
            where, title = f"plan.steps[{one.step}].require", metric(m.metric).title
            inside = (
                f"that {title} are below {rail.max_ratio:g} times the control's"
                if m.graded is None
                else f"that {title} is not {score_words.worse(rail.metric)} by {score_words.points(rail.drop)}"
            )
            larger = "max_ratio" if m.graded is None else rail.margin_key
            if m.hours_to_show is None:
                yield Finding(
                    level="error",
                    where=where,
                    what=f"{inside} cannot be shown within "
                    f"{span(LONGEST_HOURS * _S_PER_HOUR)}, even of a candidate as good as the control",
                    mend=f"use a larger {larger} for it, `require: no_harm`, or `role: signal`",
                )
            elif m.hours_to_show * _S_PER_HOUR > 1.05 * step.dwell_s:
                yield Finding(
                    level="warning",
                    where=where,
                    what=f"showing {inside} takes about "
                    f"{span(m.hours_to_show * _S_PER_HOUR)} of this step, not its dwell of {span(step.dwell_s)}",
                    mend=f"use a larger {larger}, a longer dwell, or plan for it",
                )


def _harms(plan: Plan, found: Forecast) -> Iterator[Finding]:
    for harm in found.harms:
        title = metric(harm.metric).title
        if harm.hours_median is None:
            continue
        kind = metric(harm.metric).kind
        what = (
            f"{harm.ratio:g} times as many {title} are"
            if kind == "events"
            else f"{title} of {harm.ratio:.3g} times the control's is"
        )
        answers = {"quantile": "slow answers", "ratio": "answers"}.get(kind or "", f"answers with {title}")
        yield Finding(
            level="info",
            where=f"plan.guardrails.{harm.metric}",
            what=f"{what} seen after {span(harm.hours_median * _S_PER_HOUR)} (median); {harm.exposed_units:,.0f} users "
            f"have seen the candidate by then, in {harm.bad_answers:,.0f} {answers}",
        )
    for name in found.unseen:
        yield Finding(
            level="info",
            where=f"plan.guardrails.{name}",
            what=f"{metric(name).title} never happened in this traffic: how soon more of them are seen is not known",
        )
    if found.unknown:
        yield Finding(
            level="warning",
            where="traffic.rates",
            what=f"no rate is known of {listed(found.unknown)}: what is seen of them cannot be said",
            mend="give `rates: {call.error: 1%}`, or let the app's own traffic tell",
        )


def _limits(plan: Plan, traffic: Traffic, found: Forecast) -> Iterator[Finding]:
    for index, limit in enumerate(plan.limits):
        where, title = f"plan.limits[{index}]", metric(limit.metric).title
        if limit.of_scores:
            yield from score_words.unknown_means(limit, where, traffic, found)
            continue
        per_bucket = limit.bucket_s / _S_PER_HOUR
        dark = [one for one in found.steps if one.calls_busiest * per_bucket < limit.min_requests]
        if len(dark) == len(found.steps):
            best = max(one.calls_busiest for one in found.steps) * per_bucket
            yield Finding(
                level="error",
                where=where,
                what=f"the limit on {title} never has data: it wants {limit.min_requests} calls in "
                f"{_bucket(limit)}, and the candidate gets {best:.3g} of them in the busiest hour at its largest share",
                mend="lower its min_requests",
            )
        elif dark:
            shares = listed([percent(one.share) for one in dark])
            yield Finding(
                level="warning",
                where=where,
                what=f"at {shares} the limit on {title} has no data: fewer than {limit.min_requests} calls of the "
                f"candidate in {_bucket(limit)}, also in the busiest hour",
                mend="lower min_requests, or know that only the comparison guards these steps",
            )


def _false_stops(plan: Plan, traffic: Traffic, found: Forecast) -> Iterator[Finding]:
    """How often luck, or what the live version does itself, stops a healthy release."""
    limits = {f"plan.limits[{i}]": limit for i, limit in enumerate(plan.limits)} | acting_means(plan)
    for one in false_stops(plan, traffic, found):
        if one.chance is None:
            continue
        limit = limits.get(one.where)
        if limit is None:
            rate = amount("share", traffic.rates[one.metric])
            yield Finding(
                level="error" if one.chance > MOSTLY else "warning",
                where=one.where,
                what=f"the live version itself breaks a rule with zero tolerance in {rate} of its calls: "
                f"{percent(one.chance)} of candidates that are as good are stopped for it",
                mend="make the rule narrower, or let it only count: `zero_tolerance: false`",
            )
            continue
        mend = "raise the bound, min_requests or the time that it must last"
        mend += "" if limit.by_chance else ", or let what is by chance not act: `by_chance: 0.01%`"
        if limit.of_scores:
            mend = "move the bound away from what is usual, raise min_samples, or lower by_chance: `by_chance: 0.1%`"
        yield Finding(
            level="error" if one.chance > MOSTLY else "warning" if one.chance > FALSE_LIMIT else "info",
            where=one.where,
            what=f"{_usual(limit, traffic)} break this limit of {amount(metric(limit.metric).unit, limit.bound)} by "
            f"chance in {percent(one.chance)} of healthy releases",
            mend=mend if one.chance > FALSE_LIMIT else "",
        )


def _usual(limit: Limit, traffic: Traffic) -> str:
    judged = metric(limit.metric)
    if limit.of_scores:
        return score_words.usual_mean(limit, traffic)
    share = amount("share", bad_share(limit, traffic) or 0.0)
    if judged.unit == "share":
        return f"{judged.title} of {share}, which the live version has itself,"
    return f"calls of which {share} take longer, as of the live version's own,"


def _costs(plan: Plan, traffic: Traffic, found: Forecast) -> Iterator[Finding]:
    """What shadow and a judge cost."""
    for one in shadow_costs(plan, traffic):
        usd = "" if one.usd is None else f", about {amount('usd', one.usd)}"
        yield Finding(
            level="warning" if one.capped else "info",
            where=f"plan.stages.{one.stage}",
            what=f"{one.calls:,.0f} copies of calls are made in its dwell{usd}"
            + (": its ceiling, so that it ends before them" if one.capped else ""),
            mend="raise max_cost_usd, or lower its share" if one.capped else "",
        )
    judged = judge_cost(plan, traffic, found)
    if judged is not None:
        usd = "; what they cost is not known" if judged.usd is None else f", about {amount('usd', judged.usd)}"
        yield Finding(
            level="info",
            where="traffic.judged",
            what=f"{judged.grades:,.0f} answers of both arms are judged while they are compared{usd}",
        )
    if found.assumed:
        yield Finding(
            level="info",
            where="traffic.variation",
            what=f"nobody knows how {listed([metric(name).title for name in found.assumed])} varies: its standard "
            f"deviation is taken as {percent(USUAL_VARIATION)} of the mean, and all calls of a user as alike",
            mend="give `variation: {cost.per_call: 80%, tokens.per_call: 60%}`, or let the app's own calls tell",
        )


def _gaps(plan: Plan, traffic: Traffic, found: Forecast) -> Iterator[Finding]:
    """Pauses for missing data in quiet hours."""
    compared = [one for one in found.steps if not plan.is_watch(one.step)]
    if not compared:
        return
    first = compared[0]
    expected = first.calls_quietest * plan.freshness_s / _S_PER_HOUR
    windows = _S_PER_HOUR / plan.freshness_s
    chance = -math.expm1(windows * math.log1p(-min(math.exp(-expected), 1 - 1e-12)))
    if chance > LIKELY_GAP:
        yield Finding(
            level="warning",
            where="plan.freshness_s",
            what=f"in the quietest hour an arm gets {first.calls_quietest:.3g} calls at {percent(first.share)}: with "
            f"chance {percent(chance)} none comes for {span(plan.freshness_s)}, and the release pauses until one does",
            mend="raise `freshness`, or know that the dwell stands still at night",
        )


def _ripening(plan: Plan) -> Iterator[Finding]:
    """Labels that come too late for the comparison."""
    shortest_s = min((step.dwell_s for step in plan.steps if step.share <= 0.5), default=math.inf)
    for rail in plan.guardrails:
        if rail.awaits_labels and rail.role != "info" and rail.awaited_s > shortest_s:
            yield Finding(
                level="error" if rail.role == "guardrail" and not rail.dry_run else "warning",
                where=f"plan.guardrails.{rail.metric}",
                what=f"{metric(rail.metric).title}: what is said of a user counts {span(rail.awaited_s)} after the "
                f"first call, and a step may be over after {span(shortest_s)}",
                mend="lengthen the dwell of that step, lower `matures`, or make it `role: info` and watch it at 100 %",
            )


def _units(traffic: Traffic) -> Iterator[Finding]:
    if traffic.heaviest_unit > HEAVIEST_UNIT:
        yield Finding(
            level="warning",
            where="traffic.heaviest_unit",
            what=f"one unit makes {percent(traffic.heaviest_unit)} of all calls: whichever arm it is in, limits on "
            "shares of calls, latency and cost follow it",
            mend="name users apart (`user`, `x-serinus-unit`) if several share it",
        )


def _stops(plan: Plan, releases: int) -> Finding:
    chance = multiplicity.chance_of_any(plan.alpha, releases)
    return Finding(
        level="info",
        where="plan.alpha",
        what=f"a healthy release is rolled back by the comparison with chance {percent(plan.alpha)} at most: "
        f"{plan.alpha * releases:.2g} of {releases} a year, {percent(chance)} for at least one",
    )


def _bucket(limit: Limit) -> str:
    return "a minute" if limit.bucket_s == 60 else "a second"
