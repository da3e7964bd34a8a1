"""Which beats must be looked at: all in which a round of the tick could find or change anything but a clock."""

from __future__ import annotations

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
from serinus.rehearsal.beats import beat_of
from serinus.rehearsal.chances import slow
from serinus.rehearsal.mirror import Mirrored, PairLooks
from serinus.rehearsal.population import Bools, Ints
from serinus.rehearsal.renewals import Followed, slots_of
from serinus.rehearsal.stretch import Stretch
from serinus.rehearsal.watching import Watched


class Telling(NamedTuple):
    """Beats of a stretch that can tell something. `acting`: evidence has reached a bar, units came unevenly, a bucket
    is above a limit, or a monitor that takes back is critical; `unwell`: no time is served in health. `even`: the last
    beat up to each in which both arms are heard, −1 before the first: what was served until then is counted there.
    `heard`: both arms are, so that a pause for missing data may end. `free`: a step that was served may be left, as far
    as required monitors go, or could be one beat before."""

    acting: Bools
    unwell: Bools
    even: Ints
    heard: Bools
    free: Bools


def telling(
    release: Release,
    stretch: Stretch,
    metrics: tuple[str, ...],
    kinds: tuple[str, ...],
    bars: Bars,
    renewals: Sequence[Followed] = (),
    watched: Watched | None = None,
) -> Telling:
    """What the beats of a stretch can tell, on the release's step; `metrics` and `kinds` name its positions and its
    buckets, `renewals` are those of its evidence, `watched` its monitors."""
    over = watched.critical(release, back=True) if watched else np.zeros(stretch.beats, dtype=np.bool_)
    for limit in release.plan.limits:
        over |= _over(stretch, limit, kinds)
    stale = _unheard(release, stretch, release.plan.freshness_s * 1000)
    unwell = over | stale
    if watched:
        unwell |= watched.critical(release)
    even = ~_unheard(release, stretch, stretch.beat_s * 1000 - 1)
    harmed = np.zeros_like(over)
    if not (release.plan.is_watch(release.step) or release.plan.first):
        harmed = _harmed(release, stretch, metrics, bars, renewals) | bars.unlike(stretch.units)
    free = np.ones_like(over)
    if watched:
        held = watched.blocking(release)
        free[1:] = ~(held[1:] & held[:-1])
    last = np.maximum.accumulate(np.where(even, np.arange(stretch.beats), -1))
    return Telling(acting=over | harmed, unwell=unwell, even=last, heard=~stale, free=free)


def next_look(
    release: Release, progress: Progress | None, looked_ms: int, stretch: Stretch, told: Telling, beat: int
) -> int:
    """The first beat from `beat` on to look at; the stretch's length if there is none. `looked_ms`: when the last
    look was."""
    hold = release.hold
    if release.state is State.PAUSED and hold is not None:
        if hold.deadline_us:
            return beat
        return _first(told.acting | told.heard if hold.auto_resume else told.acting, beat)
    if progress is None or progress.step != release.step:
        return beat
    served_ms = progress.dwell_ms + progress.pending_ms
    due_ms = looked_ms + release.plan.steps[release.step].dwell_s * 1000 - served_ms
    due = _beat_after(due_ms, stretch)
    served = max(due, _enough(release, stretch))
    return first_look(told, beat, served if served >= beat else _first(told.free, beat))


def first_look(told: Telling, beat: int, due: int) -> int:
    """The first beat from `beat` on that can tell something by itself, or that comes with `due`, or the last. Before
    one in which an arm is not heard, or no health served, what was served until then is counted: at the last beat in
    which both arms were heard, and at each after it."""
    if beat >= len(told.even):
        return beat
    found = min(_first(told.acting | told.unwell, beat), max(beat, due), len(told.even) - 1)
    if found == beat or (told.even[found] == found and not told.unwell[found]):
        return found
    return max(beat, int(told.even[found - 1]))


def next_pair_look(
    release: Release,
    progress: Progress | None,
    looked_ms: int,
    stage: ShadowStage,
    found: Mirrored,
    told: PairLooks,
    beat: int,
) -> int:
    """The same of a shadow stage."""
    if progress is None or progress.shadow is None or progress.stage != release.stage:
        return beat
    own = progress.shadow
    spent = _beat_after(looked_ms + stage.budget_s * 1000 - progress.stage_ms, found)
    if release.state is State.PAUSED:
        return min(_first(told.acting | told.heard, beat), max(beat, spent))
    due = _beat_after(looked_ms + stage.dwell_s * 1000 - own.dwell_ms - own.pending_ms, found)
    return min(_first(told.acting | told.changing, beat), max(beat, due, told.enough), max(beat, spent))


def _beat_after(at_ms: float, found: Stretch | Mirrored) -> int:
    return beat_of(at_ms / 1000, found.beat_s) - found.first


def _enough(release: Release, stretch: Stretch) -> int:
    """The first beat of the stretch at whose end the step has the units that it asks for."""
    least = max(1, release.plan.steps[release.step].min_units)
    if release.plan.is_watch(release.step):
        fewest = stretch.units[:, :, 0].sum(axis=1)
    elif release.plan.first:
        fewest = stretch.units[:, release.step, 0]
    else:
        fewest = stretch.units[:, release.step].min(axis=1)
    return _first(fewest >= least, 0)


def _first(told: Bools, beat: int) -> int:
    later = np.flatnonzero(told[beat:])
    return beat + int(later[0]) if len(later) else len(told)


def _unheard(release: Release, stretch: Stretch, for_ms: float) -> Bools:
    """Beats at whose end a compared arm has answered nothing for longer than this, or nothing is shipped."""
    alone = release.plan.is_watch(release.step) or release.plan.first
    arms = slice(0, 1) if alone else slice(0, 2)
    silent = (stretch.age_ms[:, arms] > for_ms) | (stretch.answered[:, arms] == 0)
    return np.asarray(silent.any(axis=1) | (stretch.gap_ms > 0))


def _over(stretch: Stretch, limit: Limit, kinds: tuple[str, ...]) -> Bools:
    """Beats in which a bucket of the limit is above it; of one that asks what is by chance, those in which one bucket
    or a row of them is not."""
    if slow(limit) not in kinds:
        return np.zeros(stretch.beats, dtype=np.bool_)
    start = stretch.first * stretch.beat_s // limit.bucket_s
    found = stretch.whole(limit.bucket_s).since(start - limit.buckets)
    requests, bad = found.requests[:, 0], found.bad[kinds.index(slow(limit)), :, 0]
    measure = metric(limit.metric).measure
    if isinstance(measure, Quantile):
        beyond = requests - bad <= np.floor(measure.q * (requests - 1))
    else:
        beyond = bad > limit.bound * requests
    over = (requests >= limit.min_requests) & beyond
    if limit.by_chance and limit.share is not None:
        over = _surely(over, 1, requests, bad, limit) | _surely(over, limit.buckets, requests, bad, limit)
    if limit.bucket_s <= stretch.beat_s:
        return np.asarray(over[start - found.first :].reshape(stretch.beats, -1).any(axis=1))
    # The newest bucket tells until the next one ends.
    ends_s = (stretch.first + 1 + np.arange(stretch.beats)) * stretch.beat_s
    newest = ends_s // limit.bucket_s - 1 - found.first
    told = np.zeros(stretch.beats, dtype=np.bool_)
    told[newest >= 0] = over[newest[newest >= 0]]
    return told


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
    reached = np.zeros(stretch.beats, dtype=np.bool_)
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
        for _, (began1, began0, after), beats in (one for one in renewals if one.metric == guardrail.metric):
            candidate = np.maximum(now[beats, 0] - max(began1, floor[0]), 0)
            control = np.maximum(now[beats, 1] - max(began0, floor[1]), 0)
            slots = slots_of((began1, began0, after))
            reached[beats] |= bars.reached(guardrail, candidate, control, slots)
    return reached
