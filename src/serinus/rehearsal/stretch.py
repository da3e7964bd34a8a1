"""Some consecutive beats of a release, as counts at the end of each beat: what may be observed then."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from serinus.core.decision.observations import Bucket
from serinus.core.pipeline.plan import Limit
from serinus.rehearsal.beats import LONGEST_S
from serinus.rehearsal.chances import quantile_ms
from serinus.rehearsal.counts import Counts
from serinus.rehearsal.population import Floats, Ints
from serinus.rehearsal.scenario import Latency, is_latency


class Buckets(NamedTuple):
    """Time buckets of one width from bucket `first` on: requests [bucket, arm], and those with each event [metric,
    bucket, arm]; arm 0 is the candidate."""

    width_s: int
    first: int
    requests: Ints
    bad: Ints

    def since(self, bucket: int) -> Buckets:
        """Those from `bucket` on."""
        skip = max(0, bucket - self.first)
        return Buckets(self.width_s, self.first + skip, self.requests[skip:], self.bad[:, skip:])

    def folded(self, width_s: int) -> Buckets:
        """Those of a greater width, a multiple of this one, that lie wholly in them."""
        each = width_s // self.width_s
        if each == 1:
            return self
        first = -(-self.first // each)
        skip = first * each - self.first
        count = max(0, len(self.requests) - skip) // each
        requests = self.requests[skip : skip + count * each].reshape(count, each, 2).sum(axis=1)
        bad = self.bad[:, skip : skip + count * each].reshape(len(self.bad), count, each, 2).sum(axis=2)
        return Buckets(width_s, first, requests, bad)

    def joined(self, later: Buckets) -> Buckets:
        """These and those that follow."""
        return Buckets(
            self.width_s,
            self.first,
            np.concatenate((self.requests, later.requests)),
            np.concatenate((self.bad, later.bad), axis=1),
        )


class Harmed(NamedTuple):
    """What users have suffered, in all, at the end of each beat: candidate calls, those with a bad event, and how
    many of these the baseline would be expected to have spared them."""

    calls: Ints
    bad: Ints
    extra: Floats


class Stretch(NamedTuple):
    """Beats `first`, `first` + 1, … Counts are totals since the release began: `units` [beat, stratum, arm],
    `positions` [beat, metric, arm]. `age_ms` [beat, arm] since an arm's last answer came in; `answered`: whether
    any ever did. `gap_ms`: for how long nothing has been shipped. `watermark_s`: all before it is in.
    `counts`: what monitors weigh, also of beats before these; None without monitors."""

    first: int
    units: Ints
    positions: Ints
    age_ms: Ints
    answered: Ints
    gap_ms: Ints
    watermark_s: Floats
    buckets: dict[int, Buckets]
    harmed: Harmed
    beat_s: int = LONGEST_S
    counts: Counts | None = None

    def whole(self, width_s: int) -> Buckets:
        """The buckets of this width that lie in what is counted; they may be longer than a beat."""
        return self.buckets[min(width_s, self.beat_s)].folded(width_s)

    def suffered(self, beats: int) -> tuple[int, int, int, float]:
        """After so many beats of the release: enrolled users who saw the candidate, its calls, the bad ones, and how
        many of these are its doing."""
        last = beats - self.first - 1
        exposed, harmed = int(self.units[last, :, 0].sum()), self.harmed
        return exposed, int(harmed.calls[last]), int(harmed.bad[last]), round(float(harmed.extra[last]), 3)

    @property
    def beats(self) -> int:
        """How many."""
        return len(self.age_ms)

    def end_s(self, beat: int) -> float:
        """When beat `beat` (from 0) of the stretch is over."""
        return (self.first + beat + 1) * self.beat_s


def seen_buckets(
    stretch: Stretch,
    limit: Limit,
    kind: int | None,
    beat: int,
    back_s: float,
    start_us: int,
    latency: Latency | None = None,
) -> tuple[Bucket, ...]:
    """The complete buckets of a limit behind the watermark at the end of a beat, oldest first, from `back_s` before
    it on; empty ones are not there, as no rollup is."""
    found = stretch.whole(limit.bucket_s)
    end = int(stretch.watermark_s[beat]) // limit.bucket_s - found.first
    begin = max(0, end - int(back_s) // limit.bucket_s)
    shown = []
    for i in range(begin, max(begin, end)):
        candidate, control = int(found.requests[i, 0]), int(found.requests[i, 1])
        if candidate or control:
            bad = (0, 0) if kind is None else (int(found.bad[kind, i, 0]), int(found.bad[kind, i, 1]))
            at_us = start_us + (found.first + i) * limit.bucket_s * 1_000_000
            values: tuple[float | None, float | None] = (None, None)
            if latency is not None and is_latency(limit.metric):
                values = (
                    quantile_ms(limit, latency, candidate, bad[0]),
                    quantile_ms(limit, latency, control, bad[1]),
                )
            shown.append(Bucket(at_us, candidate, bad[0], control, bad[1], 0, 0, *values))
    return tuple(shown)
