"""What a forecast says of scores, in words."""

from __future__ import annotations

from collections.abc import Iterator

from serinus.core.decision.wording import amount, listed, percent, span
from serinus.core.lint.finding import Finding
from serinus.core.lint.forecast import LONGEST_HOURS, SEES
from serinus.core.lint.foreseen import Forecast, MetricForecast, StepForecast
from serinus.core.lint.scores import DESIGN_DROP
from serinus.core.lint.traffic import Traffic
from serinus.core.metrics import metric
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.records.labels import on_scale

_S_PER_HOUR = 3600.0


def slow_grades(plan: Plan, one: StepForecast, where: str) -> Finding:
    """A step that lasts until enough users of each arm have a grade."""
    rail = next(rail for rail in plan.guardrails if rail.metric == one.waits_for)
    wanted = f"{rail.labels_needed:,} users of each arm with a grade of {metric(rail.metric).title}"
    at, dwell_s = percent(one.share), plan.steps[one.step].dwell_s
    mend = "have more answers graded, raise the share, or lower `min_labels`"
    if one.hours is None:
        longest = span(LONGEST_HOURS * _S_PER_HOUR)
        return Finding(level="error", where=where, what=f"at {at} {wanted} do not come within {longest}", mend=mend)
    return Finding(
        level="warning" if one.hours * _S_PER_HOUR > 1.05 * dwell_s else "info",
        where=where,
        what=f"at {at} it takes {span(one.hours * _S_PER_HOUR)} until there are {wanted}, not the dwell of "
        f"{span(dwell_s)}",
        mend=mend,
    )


def blind_to_drops(rail: Guardrail, m: MetricForecast, where: str, place: str) -> Finding:
    """A last step that does not see the drop it is held to: an error where it sees none at all."""
    beyond = points(rail.drop + DESIGN_DROP)
    change = "rise" if rail.rises else "drop"
    smallest = f"a {change} of {points(m.smallest_drop)}" if m.smallest_drop is not None else f"no {change} at all"
    return Finding(
        level="error" if m.smallest_drop is None else "warning",
        where=where,
        what=f"{place}, {m.graded:,.0f} of them graded, the comparison sees that {metric(m.metric).title} is "
        f"{worse(m.metric)} by {beyond} with chance {percent(m.seen)}; what it sees with {percent(SEES)} is {smallest}",
        mend="have more answers graded, lengthen the dwell of this step or of those before it, or raise their shares",
    )


def drops(found: Forecast) -> Iterator[Finding]:
    """How soon a lower mean is seen, and of which scores nothing can be said."""
    for drop in found.drops:
        if drop.hours_median is not None:
            yield Finding(
                level="info",
                where=f"plan.guardrails.{drop.metric}",
                what=f"{metric(drop.metric).title} {worse(drop.metric)} by {points(drop.drop)} is seen after "
                f"{span(drop.hours_median * _S_PER_HOUR)} (median); {drop.exposed_units:,.0f} users have seen the "
                "candidate by then",
            )
    if found.ungraded:
        yield Finding(
            level="warning",
            where="traffic.scores",
            what=f"nobody knows how many answers get a grade of {listed(found.ungraded)}: what is seen of them cannot "
            "be said, and a step waits until they come",
            mend="give `scores: {judge.correctness: {share: 5%, sd: 0.2}}`, or let the app's own grades tell",
        )


def unknown_means(limit: Limit, where: str, traffic: Traffic, found: Forecast) -> Iterator[Finding]:
    """Steps at which a limit on a mean has too few scores in its window; a release waits for them in the last one."""
    title, share = metric(limit.metric).title, _graded_share(limit.metric, traffic)
    if share is None:
        yield Finding(
            level="warning",
            where=where,
            what=f"nobody knows how many answers get a score of {title}: without {limit.min_requests:,} of them in "
            f"{span(limit.window_s)} no release is promoted",
            mend=f"give `scores: {{{limit.metric}: {{share: 5%, mean: 0.9, sd: 0.2}}}}`, or let the app's own tell",
        )
        return
    wanted = limit.window_s / _S_PER_HOUR * share
    dark = [one for one in found.steps if one.calls_busiest * wanted < limit.min_requests]
    if not dark:
        return
    never = dark[-1] is found.steps[-1]
    shares = listed([percent(one.share) for one in dark])
    yield Finding(
        level="error" if never else "warning",
        where=where,
        what=f"at {shares} the limit on {title} has no data: fewer than {limit.min_requests:,} scores of the candidate "
        f"in {span(limit.window_s)}, also in the busiest hour" + (", so that nothing is promoted" if never else ""),
        mend="have more answers graded, use a longer window, or lower min_samples",
    )


def usual_mean(limit: Limit, traffic: Traffic) -> str:
    """What the live version shows itself, as the subject of a sentence."""
    judged = metric(limit.metric)
    mean = on_scale(limit.metric, traffic.graded[limit.metric].mean) or 0.0
    return f"means of {judged.title} of answers as good as the live version's, {amount(judged.unit, mean)},"


def _graded_share(name: str, traffic: Traffic) -> float | None:
    found = traffic.graded.get(name)
    share = found.share if found else traffic.judged if name.startswith("judge.") else 0.0
    return share if share > 0 else None


def worse(name: str) -> str:
    """Where a score lies that is worse than another."""
    return "higher" if metric(name).direction == "lower" else "lower"


def points(drop: float) -> str:
    """A share of a scale for people."""
    return f"{100 * drop:.3g} points of 100"
