"""Absolute limits with duration (statistics 4.7), and the control's veto."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from serinus.core.decision.observations import Bucket
from serinus.core.decision.verdict import Verdict
from serinus.core.metrics import metric
from serinus.core.pipeline.plan import Limit
from serinus.core.release.release import Release


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """How one limit stands. FAIL: the candidate was above it in `run` consecutive buckets; `vetoed`: the control was
    too over the same time, all its requests taken together (by bucket, luck would decide). `over_now`: the newest
    bucket is above. NO_DATA: no bucket had enough requests."""

    index: int
    verdict: Verdict
    vetoed: bool = False
    over_now: bool = False
    run: tuple[Bucket, ...] = ()


def trigger_of(index: int) -> str:
    """The name of a limit as a trigger."""
    return f"limit:{index}"


def judge_limit(release: Release, index: int, buckets: Sequence[Bucket], watermark_us: int) -> Breach:
    """The standing of the plan's limit `index` from complete buckets, oldest first.

    Buckets before a re-armed position are passed over, unless the wall clock was set back behind it.
    """
    limit = release.plan.limits[index]
    after_us = release.rearmed.get(trigger_of(index), {}).get("after_us", 0)
    if after_us > watermark_us:
        after_us = 0
    counted = [b for b in buckets if b.start_us >= after_us]
    judged = [b for b in counted if b.candidate >= limit.min_requests]
    if not judged:
        return Breach(index=index, verdict=Verdict.NO_DATA)
    over_now = counted[-1] is judged[-1] and _over(limit, judged[-1].candidate, judged[-1].candidate_bad)
    run = _newest_run(limit, counted)
    if not run:
        return Breach(index=index, verdict=Verdict.PASS, over_now=over_now)
    vetoed = _over(limit, sum(b.control for b in run), sum(b.control_bad for b in run))
    return Breach(index=index, verdict=Verdict.FAIL, vetoed=vetoed, over_now=over_now, run=run)


def sentence(limit: Limit, breach: Breach) -> str:
    """What a product manager reads: share, limit, how long, and how the control did."""
    candidate, bad = sum(b.candidate for b in breach.run), sum(b.candidate_bad for b in breach.run)
    control, control_bad = sum(b.control for b in breach.run), sum(b.control_bad for b in breach.run)
    span = "minutes" if limit.bucket_s == 60 else "seconds"
    beside = f"; control: {control_bad:,} of {control:,} ({control_bad / control:.1%})" if control else ""
    return (
        f"{bad:,} of {candidate:,} candidate requests ({bad / candidate:.1%}) had {metric(limit.metric).title}, above "
        f"{limit.above:.1%} in each of {limit.buckets} {span} in a row{beside}"
    )


def _over(limit: Limit, requests: int, bad: int) -> bool:
    return requests >= limit.min_requests and bad > limit.above * requests


def _newest_run(limit: Limit, buckets: Sequence[Bucket]) -> tuple[Bucket, ...]:
    width_us = limit.bucket_s * 1_000_000
    for end in range(len(buckets), limit.buckets - 1, -1):
        run = tuple(buckets[end - limit.buckets : end])
        whole = run[-1].start_us - run[0].start_us == (limit.buckets - 1) * width_us
        if whole and all(_over(limit, b.candidate, b.candidate_bad) for b in run):
            return run
    return ()
