"""The world of one release: users call, are assigned, and have bad answers; beat by beat, drawn ahead and taken
back where the release moves on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from serinus.core.pipeline.plan import Plan
from serinus.rehearsal.beats import LONGEST_S
from serinus.rehearsal.calls import Calls, begin_calls, in_order, no_calls, pace
from serinus.rehearsal.chances import effect_ratio, kinds, own_yardsticks, slower_part
from serinus.rehearsal.counting import Counting
from serinus.rehearsal.gaps import served, shipped_s, silent_ms
from serinus.rehearsal.population import Bools, Floats, Ints, Population, firsts, populate
from serinus.rehearsal.scenario import Effect, Scenario, is_latency
from serinus.rehearsal.silence import heard
from serinus.rehearsal.stretch import Buckets, Harmed, Stretch

KEPT_S = 15 * 60
"""For how long buckets before a stretch are kept beyond the longest limit."""


class Known(NamedTuple):
    """Bad events of one metric in the order in which they are known."""

    at_s: Floats
    user: Ints
    candidate: Bools
    call_s: Floats

    def chosen(self, which: Bools | Ints) -> Known:
        """Some of them."""
        return Known(self.at_s[which], self.user[which], self.candidate[which], self.call_s[which])


class _Draft(NamedTuple):
    """A stretch that has been drawn, and what becomes of the world when it is lived through."""

    stretch: Stretch
    calls: Calls
    known: list[Known]
    fresh: list[Known]
    begun: list[float | None]


class World:
    """Everything that happens to one release. `ahead` draws a stretch; `live` accepts its first beats, of `beat_s`."""

    def __init__(self, scenario: Scenario, plan: Plan, rng: np.random.Generator, beat_s: int = LONGEST_S) -> None:
        self.scenario = scenario
        self.plan = plan
        self.beat_s = beat_s
        yardsticks = own_yardsticks(scenario, plan)
        self.kinds = kinds(scenario, plan, yardsticks)
        self.metrics = tuple(kind.name for kind in self.kinds[: len(scenario.rates) + len(yardsticks)])
        self._rates = len(scenario.rates)
        self.people: Population = populate(rng, scenario.traffic, plan)
        self.harm_began: list[float | None] = [_known_start(kind.effect) for kind in self.kinds]
        self._rng = rng
        self._enrolled = np.zeros(scenario.traffic.users, dtype=np.bool_)
        self._had = np.zeros((len(self.metrics), scenario.traffic.users), dtype=np.bool_)
        self._counting = Counting(scenario, plan, beat_s)
        self._marks = 1 + max(*(kind.mark for kind in self.kinds), self._counting.mark)
        self._calls = no_calls(self._marks)
        self._late = [_none_known() for _ in self.metrics]
        self._units = np.zeros((len(plan.steps), 2), dtype=np.int64)
        self._positions = np.zeros((len(self.metrics), 2), dtype=np.int64)
        self._answered_s = np.full(2, -1.0)
        self._buckets: dict[int, Buckets] = {}
        self._harmed = (0, 0, 0.0)
        self._draft: _Draft | None = None

    def ahead(self, first: int, beats: int, step: int) -> Stretch:
        """The beats from `first` on, as they come if the release stays on this step."""
        watching = self.plan.is_watch(step)
        self._draft = self._watched(first, beats) if watching else self._compared(first, beats, step)
        return self._draft.stretch

    def live(self, beats: int) -> None:
        """The first beats of the stretch are past; conversations begun after them will begin anew."""
        draft = self._draft
        assert draft is not None
        cut_s = (draft.stretch.first + beats) * self.beat_s
        if beats:
            self._remember(draft.stretch, beats)
        past = draft.calls.at_s < cut_s
        self._enrolled[draft.calls.user[past]] = True
        self._calls = draft.calls.chosen(~past & (draft.calls.begun_s < cut_s))
        for k, (known, fresh) in enumerate(zip(draft.known, draft.fresh, strict=True)):
            self._had[k, fresh.user[fresh.at_s < cut_s]] = True
            self._late[k] = known.chosen((known.at_s >= cut_s) & (known.call_s < cut_s))
            begun = draft.begun[k]
            self.harm_began[k] = begun if begun is None or begun < cut_s or not self._held_up(k) else None

    def exposed(self, first: int, last: int, step: int) -> int:
        """How many more users the watch from beat `first` to `last` shows the candidate to."""
        if not self.plan.is_watch(step) or last <= first:
            return 0
        low, _ = self.people.slices(self.plan.candidate_share(step))
        beats = np.arange(first, last)
        conversations = float(pace(self.scenario.traffic, beats, self.beat_s).sum()) / self.scenario.traffic.turns
        chance = -np.expm1(-conversations * np.diff(self.people.reach[: low + 1]))
        earlier = self._enrolled[:low] & (self.people.point[:low] < 0.5)
        return int((self._rng.random(low) < chance)[~earlier].sum())

    def harms(self) -> list[float]:
        """When each harm of the candidate to calls begins, also one that nothing of the pipeline looks at."""
        effects = [one for one in self.scenario.effect if is_latency(one.metric)]
        began = [one.from_s for one in effects if one.ratio > 1 and one.segment > 0]
        for at, kind in zip(self.harm_began, self.kinds, strict=True):
            effect = kind.effect
            if at is not None and effect is not None and effect.ratio > 1 and effect.segment > 0:
                began.append(at)
        return began

    def _held_up(self, k: int) -> bool:
        effect = self.kinds[k].effect
        return effect is not None and effect.after_events > 0

    def _compared(self, first: int, beats: int, step: int) -> _Draft:
        whole = np.arange(first, first + beats)
        share = self.plan.candidate_share(step)
        begun = begin_calls(
            self._rng, self.scenario.traffic, self.people, share, whole, self._marks, self.beat_s, alone=self.plan.first
        )
        calls = in_order(self._calls, begun)
        if self.scenario.gaps:
            calls = calls.chosen(served(self.scenario.gaps, self.plan.lease_s, calls.at_s))
        begins = [self._begins(k, calls) for k in range(len(self.kinds))]
        chances = [self._chances(k, calls, begins[k]) for k in range(len(self.kinds))]
        bad = [calls.marks[self.kinds[k].mark] < chance for k, (chance, _) in enumerate(chances)]
        known = [self._known(k, calls, bad[k]) for k in range(len(self.metrics))]
        end_s = (first + beats) * self.beat_s
        fresh = [self._fresh(k, one, end_s) for k, one in enumerate(known)]
        now = calls.before(end_s)
        bad, extra = [b[: len(now.at_s)] for b in bad], self._extra(chances)[: len(now.at_s)]
        harmed = self._suffered(first, beats, now, bad[: self._rates], extra)
        stretch = self._stretch(whole, now, fresh, bad, harmed)
        if self.plan.monitors:
            told = [(one.at_s, one.candidate) for one in known[: self._rates]]
            counts = self._counting.calls(first, beats, now, self.people.segment[now.user], told, bad)
            stretch = stretch._replace(counts=counts)
        return _Draft(stretch, calls, known, fresh, begins)

    def _fresh(self, k: int, known: Known, end_s: float) -> Known:
        """Each user's first; `known` is in order."""
        found = known.chosen((known.at_s < end_s) & ~self._had[k, known.user])
        return found.chosen(firsts(found.user, len(self._enrolled)))

    def _begins(self, k: int, calls: Calls) -> float | None:
        """When the harm of metric k begins, as far as these calls show."""
        effect = self.kinds[k].effect
        if effect is None or not effect.after_events or self.harm_began[k] is not None:
            return self.harm_began[k]
        chance = self.kinds[k].well(calls.at_s, self.people.proneness[calls.user])
        hits = np.flatnonzero((calls.marks[k] < chance) & ~self._had[k, calls.user])
        where = firsts(calls.user[hits], len(self._enrolled))
        left = effect.after_events - int(self._had[k].sum())
        times = np.sort(calls.at_s[hits[where]])
        if left <= 0:
            return float(calls.at_s[0]) if len(calls.at_s) else None
        return float(times[left - 1]) if len(times) >= left else None

    def _chances(self, k: int, calls: Calls, begun: float | None) -> tuple[Floats, Floats | None]:
        """Each call's chance of the event, and how much of it is the candidate's doing, if anything."""
        kind, prone = self.kinds[k], self.people.proneness[calls.user]
        well, effect = kind.well(calls.at_s, prone), kind.effect
        harms = effect is not None and begun is not None
        if not harms and kind.tolerated == 1.0:
            return well, None
        ratio = np.where(calls.candidate, 1 / kind.tolerated, 1.0)
        if effect is not None and begun is not None:
            hit = calls.candidate & (self.people.segment[calls.user] < effect.segment)
            ratio = np.where(hit, ratio * effect_ratio(effect, begun, calls.at_s), ratio)
        chance = kind.harmed(calls.at_s, prone, ratio)
        return chance, chance - well

    def _extra(self, chances: list[tuple[Floats, Floats | None]]) -> Floats:
        """How many bad events of each call are the candidate's doing."""
        found = [extra for _, extra in chances[: self._rates] if extra is not None]
        return np.asarray(np.sum(found, axis=0)) if found else np.zeros(len(chances[0][0]))

    def _known(self, k: int, calls: Calls, bad: Bools) -> Known:
        hits = np.flatnonzero(bad)
        at_s = calls.at_s[hits]
        known_s = at_s + self._delays_s(k, len(hits))
        late = self._late[k]
        found = Known(
            np.concatenate((late.at_s, shipped_s(self.scenario.gaps, known_s))),
            np.concatenate((late.user, calls.user[hits])),
            np.concatenate((late.candidate, calls.candidate[hits])),
            np.concatenate((late.call_s, at_s)),
        )
        return found.chosen(np.argsort(found.at_s, kind="stable"))

    def _delays_s(self, k: int, events: int) -> Floats | float:
        """Until events are known."""
        if k >= self._rates:
            return 0.0
        rate = self.scenario.rates[k]
        return rate.after_s + (self._rng.exponential(rate.delay_s, events) if rate.delay_s else 0.0)

    def _stretch(self, whole: Ints, calls: Calls, fresh: list[Known], bad: list[Bools], harmed: Harmed) -> Stretch:
        first, beats = int(whole[0]), len(whole)
        in_s = shipped_s(self.scenario.gaps, calls.at_s)
        units = self._enrolments(first, beats, calls, in_s)
        positions = np.stack([_by_beat(first, beats, one.at_s, one.candidate, self.beat_s) for one in fresh], axis=1)
        ends_s = np.asarray((whole + 1) * self.beat_s, dtype=np.float64)
        age_ms, answered = self._ages(ends_s, in_s, calls.candidate)
        silent = silent_ms(self.scenario.gaps, ends_s)
        return Stretch(
            first=first,
            units=units,
            positions=np.cumsum(positions, axis=0) + self._positions,
            age_ms=age_ms,
            answered=answered,
            gap_ms=silent,
            watermark_s=ends_s - silent / 1000,
            buckets={w: self._bucketed(w, first, beats, calls, bad) for w in self._widths()},
            harmed=harmed,
            beat_s=self.beat_s,
        )

    def _enrolments(self, first: int, beats: int, calls: Calls, in_s: Floats) -> Ints:
        new = np.flatnonzero(~self._enrolled[calls.user])
        new = new[firsts(calls.user[new], len(self._enrolled))]
        counts = np.zeros((beats, len(self.plan.steps), 2), dtype=np.int64)
        beat = (in_s[new] / self.beat_s).astype(np.int64) - first
        inside = beat < beats
        arm = 1 - calls.candidate[new].astype(np.int64)
        np.add.at(counts, (beat[inside], self.people.stratum[calls.user[new]][inside], arm[inside]), 1)
        return np.asarray(np.cumsum(counts, axis=0) + self._units)

    def _ages(self, ends_s: Floats, in_s: Floats, candidate: Bools) -> tuple[Ints, Ints]:
        ages, answered = [], []
        for arm, own in enumerate((candidate, ~candidate)):
            times = np.concatenate(([self._answered_s[arm]], np.sort(in_s[own])))
            last = times[np.searchsorted(times, ends_s, side="left") - 1]
            answered.append(last >= 0)
            ages.append(ends_s - np.maximum(last, 0.0))
        return (np.stack(ages, axis=1) * 1000).astype(np.int64), np.stack(answered, axis=1).astype(np.int64)

    def _widths(self) -> set[int]:
        """How finely calls are counted for limits and the live version's own health: by beats where a bucket is longer
        than one."""
        own = {min(LONGEST_S, self.beat_s)} if self.scenario.past_s else set()
        return own | {min(limit.bucket_s, self.beat_s) for limit in self.plan.limits}

    def _bucketed(self, width_s: int, first: int, beats: int, calls: Calls, bad: list[Bools]) -> Buckets:
        start, count = first * self.beat_s // width_s, beats * self.beat_s // width_s
        place = np.clip((calls.at_s / width_s).astype(np.int64) - start, 0, count - 1)
        arm = 1 - calls.candidate.astype(np.int64)
        slots = 2 * place + arm
        counted = [np.bincount(slots, minlength=2 * count), *(np.bincount(slots[b], minlength=2 * count) for b in bad)]
        tables = np.stack(counted).reshape(len(counted), count, 2)
        return self._after_kept(Buckets(width_s, start, tables[0], tables[1:]))

    def _after_kept(self, found: Buckets) -> Buckets:
        kept = self._buckets.get(found.width_s)
        return kept.joined(found) if kept is not None else found

    def _suffered(self, first: int, beats: int, calls: Calls, bad: list[Bools], extra: Floats) -> Harmed:
        beat = (calls.at_s[calls.candidate] / self.beat_s).astype(np.int64) - first
        worse = np.logical_or.reduce(bad)[calls.candidate]
        more = np.bincount(beat, weights=extra[calls.candidate], minlength=beats)
        return self._after_harm(np.bincount(beat, minlength=beats), np.bincount(beat[worse], minlength=beats), more)

    def _after_harm(self, calls: Ints, bad: Ints, extra: Ints | Floats) -> Harmed:
        before = self._harmed
        return Harmed(
            np.cumsum(calls) + before[0],
            np.cumsum(bad) + before[1],
            np.asarray(np.cumsum(extra) + before[2], dtype=np.float64),
        )

    def _watched(self, first: int, beats: int) -> _Draft:
        """The watch: nothing is compared, so calls are counted and no unit is followed."""
        whole = np.arange(first, first + beats)
        widths = self._widths() or {self.beat_s}
        finest = min(widths)
        each = self.beat_s // finest
        slots = np.arange(beats * each, dtype=np.float64)
        at_s = np.asarray((slots + 0.5) * finest + first * self.beat_s, dtype=np.float64)
        low, high = self.people.slices(self.plan.candidate_share(len(self.plan.steps) - 1))
        on = served(self.scenario.gaps, self.plan.lease_s, at_s)
        even = np.repeat(pace(self.scenario.traffic, whole, self.beat_s), each) / each * on
        reach = (float(self.people.reach[low]), float(1 - self.people.reach[high]))
        requests = np.stack([self._rng.poisson(even * part) for part in reach], axis=1)
        chances = [self._mean_chances(k, at_s, low) for k in range(len(self.kinds))]
        bad = np.stack([self._rng.binomial(requests, np.stack((c, b), axis=1)) for c, b in chances])
        rates = self._rates
        extra = np.sum([requests[:, 0] * (c - b) for c, b in chances[:rates]], axis=0)
        tables = {w: self._coarser(w, finest, first, requests, bad) for w in widths}
        beat = _folded(requests, each)
        harmed = self._after_harm(
            beat[:, 0], _folded(bad[:rates, :, 0].sum(axis=0), each), extra.reshape(beats, -1).sum(axis=1)
        )
        stretch = self._quiet_stretch(whole, beat, tables, harmed)
        if self.plan.monitors:
            weight = np.diff(self.people.reach[: low + 1])
            part = float(np.average(self.people.segment[:low] < slower_part(self.scenario), weights=weight))
            counts = self._counting.numbers(self._rng, first, at_s, requests, bad[:rates], part)
            stretch = stretch._replace(counts=counts)
        nothing = [_none_known() for _ in self.metrics]
        return _Draft(stretch, no_calls(len(self.metrics)), nothing, nothing, list(self.harm_began))

    def _mean_chances(self, k: int, at_s: Floats, low: int) -> tuple[Floats, Floats]:
        """The mean chance of the candidate's calls, weighted by activity, and what the baseline's would be."""
        weight = np.diff(self.people.reach[: low + 1])
        prone = float(np.average(self.people.proneness[:low], weights=weight))
        kind, begun = self.kinds[k], self.harm_began[k]
        well, effect = kind.well(at_s, prone), kind.effect
        if effect is None or begun is None:
            return well, well
        hit = self.people.segment[:low] < effect.segment
        proneness = self.people.proneness[:low] if k < self._rates else np.ones(low)
        part = float(np.average(hit * proneness, weights=weight)) / float(np.average(proneness, weights=weight))
        harmed = kind.harmed(at_s, prone, effect_ratio(effect, begun, at_s))
        return (1 - part) * well + part * harmed, well

    def _coarser(self, width_s: int, finest: int, first: int, requests: Ints, bad: Ints) -> Buckets:
        folded = np.stack([_folded(one, width_s // finest) for one in bad])
        start = first * self.beat_s // width_s
        return self._after_kept(Buckets(width_s, start, _folded(requests, width_s // finest), folded))

    def _quiet_stretch(self, whole: Ints, requests: Ints, buckets: dict[int, Buckets], harmed: Harmed) -> Stretch:
        ends_s = np.asarray((whole + 1) * self.beat_s, dtype=np.float64)
        n = len(whole)
        age_ms, answered = heard(self._rng, requests, ends_s, self.scenario.gaps, self._answered_s, self.beat_s)
        silent = silent_ms(self.scenario.gaps, ends_s)
        return Stretch(
            first=int(whole[0]),
            units=np.broadcast_to(self._units, (n, *self._units.shape)),
            positions=np.broadcast_to(self._positions, (n, *self._positions.shape)),
            age_ms=age_ms,
            answered=answered,
            gap_ms=silent,
            watermark_s=ends_s - silent / 1000,
            buckets=buckets,
            harmed=harmed,
            beat_s=self.beat_s,
        )

    def _remember(self, stretch: Stretch, beats: int) -> None:
        last = beats - 1
        self._units, self._positions = stretch.units[last].copy(), stretch.positions[last].copy()
        ages_s = stretch.age_ms[last] / 1000
        self._answered_s = np.where(stretch.answered[last] > 0, stretch.end_s(last) - ages_s, -1.0)
        self._harmed = (
            int(stretch.harmed.calls[last]),
            int(stretch.harmed.bad[last]),
            float(stretch.harmed.extra[last]),
        )
        if stretch.counts is not None:
            self._counting.remember(stretch.counts, stretch.first + beats)
        longest_s = max((limit.buckets * limit.bucket_s for limit in self.plan.limits), default=0)
        for width_s, found in stretch.buckets.items():
            end = (stretch.first + beats) * self.beat_s // width_s
            past = Buckets(width_s, found.first, found.requests[: end - found.first], found.bad[:, : end - found.first])
            self._buckets[width_s] = past.since(end - (longest_s + KEPT_S) // width_s)


def _known_start(effect: Effect | None) -> float | None:
    return None if effect is None or effect.after_events else effect.from_s


def _none_known() -> Known:
    empty = np.empty(0)
    return Known(empty, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_), empty)


def _by_beat(first: int, beats: int, at_s: Floats, candidate: Bools, beat_s: int) -> Ints:
    slots = 2 * ((at_s / beat_s).astype(np.int64) - first) + ~candidate
    return np.bincount(np.maximum(slots, 0), minlength=2 * beats).reshape(beats, 2)


def _folded(counts: Ints, size: int) -> Ints:
    return np.asarray(counts.reshape(len(counts) // size, size, *counts.shape[1:]).sum(axis=1))
