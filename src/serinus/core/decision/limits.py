"""Absolute limits with duration (statistics 4.7), and the control's veto."""

from __future__ import annotations

from collections.abc import Sequence

from serinus.core.decision.breach import Breach
from serinus.core.decision.mean_limits import judge_mean, mean_sentence
from serinus.core.decision.observations import Bucket
from serinus.core.decision.verdict import Verdict
from serinus.core.decision.wording import amount, span
from serinus.core.metrics import Quantile, Ratio, metric
from serinus.core.pipeline.limit import Limit
from serinus.core.records.histogram import rank
from serinus.core.release.release import Release
from serinus.core.stats import binomial


def trigger_of(index: int) -> str:
    """The name of a limit as a trigger."""
    return f"limit:{index}"


def judge_limit(release: Release, index: int, buckets: Sequence[Bucket], watermark_us: int) -> Breach:
    """The standing of the plan's limit `index` from complete buckets, oldest first.

    Buckets before a re-armed position are passed over, unless the wall clock was set back behind it.
    """
    limit = release.plan.limits[index]
    if limit.of_scores:
        return judge_mean(index, limit, buckets)
    after_us = release.rearmed.get(trigger_of(index), {}).get("after_us", 0)
    if after_us > watermark_us:
        after_us = 0
    counted = [b for b in buckets if b.start_us >= after_us]
    judged = [b for b in counted if b.candidate >= limit.min_requests]
    if not judged:
        return Breach(index=index, verdict=Verdict.NO_DATA)
    over_now = counted[-1] is judged[-1] and _over(limit, judged[-1]) and not _luck(limit, judged[-1:])
    run = _newest_run(limit, counted)
    if not run:
        return Breach(index=index, verdict=Verdict.PASS, over_now=over_now)
    vetoed = _beyond(
        limit, sum(b.control for b in run), sum(b.control_bad for b in run), sum(b.control_base for b in run)
    )
    return Breach(index=index, verdict=Verdict.FAIL, vetoed=vetoed, over_now=over_now, run=run)


def sentence(limit: Limit, breach: Breach) -> str:
    """What a product manager reads: the numbers, the limit, how long, and how the control did."""
    if limit.of_scores:
        return mean_sentence(limit, breach)
    span = f"in each of {limit.buckets} {'minutes' if limit.bucket_s == 60 else 'seconds'} in a row"
    if metric(limit.metric).event:
        return _share_sentence(limit, breach, span)
    judged = metric(limit.metric)
    bound = amount(judged.unit, limit.bound)
    excess = "much" if limit.side == "above" else "slow" if judged.unit == "tokens/s" else "little"
    control = _range(judged.unit, [b.control_value for b in breach.run])
    return (
        f"{judged.title} was {_range(judged.unit, [b.candidate_value for b in breach.run])} {span}; "
        f"{limit.side} {bound} is too {excess}" + (f"; control: {control}" if control else "")
    )


def nothing_known(all_limits: Sequence[Limit]) -> str:
    """What to say when no limit has data."""
    of_requests = [limit.min_requests for limit in all_limits if not limit.of_scores]
    if not of_requests:
        return f"No limit on scores had the {min(limit.min_requests for limit in all_limits):,} that it needs"
    return f"No complete bucket had the {min(of_requests):,} candidate requests that an absolute limit needs"


def cannot_promote(lacking: Sequence[Limit]) -> str:
    """Why a release is not promoted where these limits have no data."""
    scored = [limit for limit in lacking if limit.of_scores]
    if len(scored) < len(lacking):
        return "no absolute limit without enough requests in any complete bucket may promote"
    wanted = (
        f"{metric(limit.metric).title} without {limit.min_requests:,} scores within {span(limit.window_s)}"
        for limit in scored
    )
    return f"no limit on {' or '.join(wanted)} may promote"


def _share_sentence(limit: Limit, breach: Breach, span: str) -> str:
    candidate, bad = sum(b.candidate for b in breach.run), sum(b.candidate_bad for b in breach.run)
    control, control_bad = sum(b.control for b in breach.run), sum(b.control_bad for b in breach.run)
    beside = f"; control: {control_bad:,} of {control:,} ({control_bad / control:.1%})" if control else ""
    return (
        f"{bad:,} of {candidate:,} candidate requests ({bad / candidate:.1%}) had {metric(limit.metric).title}, above "
        f"{limit.bound:.1%} {span}{beside}"
    )


def _range(unit: str, values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ""
    least, most = amount(unit, min(known)), amount(unit, max(known))
    return least if least == most else f"{least} to {most}"


def _over(limit: Limit, bucket: Bucket) -> bool:
    return _beyond(limit, bucket.candidate, bucket.candidate_bad, bucket.candidate_base)


def _beyond(limit: Limit, calls: int, bad: int, base: int) -> bool:
    """Whether what one arm did in a bucket, or in several together, is beyond the limit."""
    if calls < limit.min_requests:
        return False
    measure = metric(limit.metric).measure
    if isinstance(measure, Quantile):
        return calls - bad <= rank(measure.q, calls)
    if isinstance(measure, Ratio):
        # Multiplied out: no time at all is fast, and no quotient.
        wanted = limit.bound * base * measure.over_one / measure.under_one
        return bad < wanted if limit.side == "below" else bad > wanted
    return bad > limit.bound * calls


def _newest_run(limit: Limit, buckets: Sequence[Bucket]) -> tuple[Bucket, ...]:
    width_us = limit.bucket_s * 1_000_000
    for end in range(len(buckets), limit.buckets - 1, -1):
        run = tuple(buckets[end - limit.buckets : end])
        whole = run[-1].start_us - run[0].start_us == (limit.buckets - 1) * width_us
        if whole and all(_over(limit, b) for b in run) and not _luck(limit, run):
            return run
    return ()


def _luck(limit: Limit, run: Sequence[Bucket]) -> bool:
    """Whether a version that is just at the bound would be so bad more often than `by_chance` allows."""
    if not limit.by_chance or limit.share is None:
        return False
    bad, calls = sum(b.candidate_bad for b in run), sum(b.candidate for b in run)
    return bool(binomial.tail(bad, calls, limit.share) > limit.by_chance)
