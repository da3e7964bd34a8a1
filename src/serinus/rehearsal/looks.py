"""Which minutes must be looked at: all in which a round of the tick could find or change anything but a clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from serinus.core.decision.harm import trigger_of
from serinus.core.metrics import Quantile, metric
from serinus.core.pipeline.plan import Limit
from serinus.core.pipeline.stages import ShadowStage
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import State
from serinus.core.stats import binomial
from serinus.rehearsal.bars import Bars
from serinus.rehearsal.calls import MINUTE_S
from serinus.rehearsal.chances import slow
from serinus.rehearsal.mirror import Mirrored, PairLooks
from serinus.rehearsal.population import Bools, Ints
from serinus.rehearsal.renewals import Followed, slots_of
from serinus.rehearsal.stretch import Stretch

MINUTE_MS = 60_000


class Telling(NamedTuple):
    """Minutes of a stretch that can tell something. `acting`: evidence has reached a bar, units came unevenly, or a
    bucket is above a limit; `uneven`: an arm is not heard, or one of the others comes next, so that what was served
    until then is counted; `heard`: both arms are, so that a pause for missing data may end."""

    acting: Bools
    uneven: Bools
    heard: Bools


def telling(
    release: Release,
    stretch: Stretch,
    metrics: tuple[str, ...],
    kinds: tuple[str, ...],
    bars: Bars,
    renewals: Sequence[Followed] = (),
) -> Telling:
    """What the minutes of a stretch can tell, on the release's step; `metrics` and `kinds` name its positions and its
    buckets, `renewals` are those of its evidence."""
    over = np.zeros(stretch.minutes, dtype=np.bool_)
    for limit in release.plan.limits:
        over |= _over(stretch, limit, kinds)
    uneven = over | _unheard(release, stretch, MINUTE_MS - 1)
    uneven[:-1] |= uneven[1:]
    uneven[-1] = True
    harmed = np.zeros_like(over)
    if not release.plan.is_watch(release.step):
        harmed = _harmed(release, stretch, metrics, bars, renewals) | bars.unlike(stretch.units)
    heard = ~_unheard(release, stretch, release.plan.freshness_s * 1000)
    return Telling(acting=over | harmed, uneven=uneven, heard=heard)


def next_look(
    release: Release, progress: Progress | None, looked_ms: int, stretch: Stretch, told: Telling, minute: int
) -> int:
    """The first minute from `minute` on to look at; the stretch's length if there is none. `looked_ms`: when the last
    look was."""
    hold = release.hold
    if release.state is State.PAUSED and hold is not None:
        if hold.deadline_us:
            return minute
        return _first(told.acting | told.heard if hold.auto_resume else told.acting, minute)
    if progress is None or progress.step != release.step:
        return minute
    served_ms = progress.dwell_ms + progress.pending_ms
    due_ms = looked_ms + release.plan.steps[release.step].dwell_s * 1000 - served_ms
    due = _minute_after(due_ms, stretch.first)
    return min(first_look(told, minute), max(minute, due, _enough(release, stretch)))


def first_look(told: Telling, minute: int) -> int:
    """The first minute from `minute` on that can tell something by itself."""
    return _first(told.acting | told.uneven, minute)


def next_pair_look(
    release: Release,
    progress: Progress | None,
    looked_ms: int,
    stage: ShadowStage,
    found: Mirrored,
    told: PairLooks,
    minute: int,
) -> int:
    """The same of a shadow stage."""
    if progress is None or progress.shadow is None or progress.stage != release.stage:
        return minute
    own = progress.shadow
    spent = _minute_after(looked_ms + stage.budget_s * 1000 - progress.stage_ms, found.first)
    if release.state is State.PAUSED:
        return min(_first(told.acting | told.heard, minute), max(minute, spent))
    due = _minute_after(looked_ms + stage.dwell_s * 1000 - own.dwell_ms - own.pending_ms, found.first)
    return min(_first(told.acting | told.changing, minute), max(minute, due, told.enough), max(minute, spent))


def _minute_after(at_ms: float, first: int) -> int:
    return math.ceil(at_ms / MINUTE_MS) - 1 - first


def _enough(release: Release, stretch: Stretch) -> int:
    """The first minute of the stretch at whose end the step has the units that it asks for."""
    least = max(1, release.plan.steps[release.step].min_units)
    if release.plan.is_watch(release.step):
        fewest = stretch.units[:, :, 0].sum(axis=1)
    else:
        fewest = stretch.units[:, release.step].min(axis=1)
    return _first(fewest >= least, 0)


def _first(told: Bools, minute: int) -> int:
    later = np.flatnonzero(told[minute:])
    return minute + int(later[0]) if len(later) else len(told)


def _unheard(release: Release, stretch: Stretch, for_ms: float) -> Bools:
    """Minutes at whose end a compared arm has answered nothing for longer than this, or nothing is shipped."""
    arms = slice(0, 1) if release.plan.is_watch(release.step) else slice(0, 2)
    silent = (stretch.age_ms[:, arms] > for_ms) | (stretch.answered[:, arms] == 0)
    return np.asarray(silent.any(axis=1) | (stretch.gap_ms > 0))


def _over(stretch: Stretch, limit: Limit, kinds: tuple[str, ...]) -> Bools:
    """Minutes in which a bucket of the limit is above it; of one that asks what is by chance, those in which one bucket
    or a row of them is not."""
    if slow(limit) not in kinds:
        return np.zeros(stretch.minutes, dtype=np.bool_)
    start = int(stretch.first * MINUTE_S) // limit.bucket_s
    found = stretch.buckets[limit.bucket_s].since(start - limit.buckets + 1)
    requests, bad = found.requests[:, 0], found.bad[kinds.index(slow(limit)), :, 0]
    measure = metric(limit.metric).measure
    if isinstance(measure, Quantile):
        beyond = requests - bad <= np.floor(measure.q * (requests - 1))
    else:
        beyond = bad > limit.bound * requests
    over = (requests >= limit.min_requests) & beyond
    if limit.by_chance and limit.share is not None:
        over = _surely(over, 1, requests, bad, limit) | _surely(over, limit.buckets, requests, bad, limit)
    return np.asarray(over[start - found.first :].reshape(stretch.minutes, -1).any(axis=1))


def _surely(over: Bools, row: int, requests: Ints, bad: Ints, limit: Limit) -> Bools:
    """The last buckets of rows that are all over, and together not by chance."""
    assert limit.share is not None
    whole = _row(over.astype(np.int64), row) == row
    ends = np.flatnonzero(whole)
    luck = binomial.tail(_row(bad, row)[ends], _row(requests, row)[ends], limit.share)
    whole[ends] = luck <= limit.by_chance
    return np.asarray(whole)


def _row(counts: Ints, row: int) -> Ints:
    """The sum of each bucket and those before it that make a row; 0 where there are not enough."""
    sums = np.concatenate(([0], np.cumsum(counts)))
    found = np.zeros(len(counts), dtype=np.int64)
    if len(counts) >= row:
        found[row - 1 :] = sums[row:] - sums[:-row]
    return found


def _harmed(
    release: Release, stretch: Stretch, metrics: tuple[str, ...], bars: Bars, renewals: Sequence[Followed]
) -> Bools:
    reached = np.zeros(stretch.minutes, dtype=np.bool_)
    for guardrail in release.plan.guardrails:
        if guardrail.metric not in metrics or guardrail.role == "info" or guardrail.dry_run:
            continue
        now = stretch.positions[:, metrics.index(guardrail.metric)]
        rearmed = release.rearmed.get(trigger_of(guardrail.metric), {})
        floor = rearmed.get("candidate", 0), rearmed.get("control", 0)
        for start in release.restarts:
            begun = start.get(guardrail.metric, (0, 0))
            candidate = np.maximum(now[:, 0] - max(begun[0], floor[0]), 0)
            control = np.maximum(now[:, 1] - max(begun[1], floor[1]), 0)
            reached |= bars.reached(guardrail, candidate, control)
        for _, (began1, began0, after), minutes in (one for one in renewals if one.metric == guardrail.metric):
            candidate = np.maximum(now[minutes, 0] - max(began1, floor[0]), 0)
            control = np.maximum(now[minutes, 1] - max(began0, floor[1]), 0)
            slots = slots_of((began1, began0, after))
            reached[minutes] |= bars.reached(guardrail, candidate, control, slots)
    return reached
