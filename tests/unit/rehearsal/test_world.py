"""The made-up users are assigned and counted as real ones are."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from serinus.core.pipeline.plan import Guardrail
from serinus.core.routing.assignment import Arm, RampPoint, arm_of
from serinus.core.stats import events
from serinus.rehearsal.bars import ROUNDING, Bars
from serinus.rehearsal.calls import pace
from serinus.rehearsal.population import firsts, populate
from serinus.rehearsal.scenario import Gap, Traffic
from serinus.rehearsal.world import World
from tests.unit.rehearsal.plans import PLAN, scenario, times

RAMP = tuple(RampPoint(revision=1 + s, step=s, share=PLAN.candidate_share(s)) for s in range(2))


def test_q1_arms_and_strata_are_those_of_the_assignment() -> None:
    """For each user, at each step: the same arm and the same stratum as `arm_of` gives to its point."""
    people = populate(np.random.default_rng(1), Traffic(users=2000), PLAN)
    for step in range(2):
        low, high = people.slices(PLAN.candidate_share(step))
        for i, point in enumerate(people.point):
            arm, stratum = arm_of(float(point), RAMP[: step + 1], 1 + step)
            assert arm == (Arm.CANDIDATE if i < low else Arm.CONTROL if i >= high else Arm.REST)
            if arm is not Arm.REST:
                assert stratum == people.stratum[i]


def test_q1_units_and_events_are_counted_once_and_never_fall() -> None:
    """No more units than users in the slices, no more events than units, over many stretches and cuts."""
    world = World(times(3), PLAN, np.random.default_rng(2))
    before = np.zeros(2)
    for first in range(0, 600, 30):
        stretch = world.ahead(first, 50, 1)
        enrolled, had = stretch.units.sum(axis=1), stretch.positions
        assert (np.diff(stretch.units, axis=0) >= 0).all()
        assert (np.diff(had, axis=0) >= 0).all()
        assert (enrolled[0] >= before).all()
        assert (had <= enrolled[:, None, :]).all()
        before = enrolled[29]
        world.live(30)
    low, high = world.people.slices(0.5)
    assert enrolled[-1][0] <= low
    assert enrolled[-1][1] <= len(world.people.point) - high


def test_q1_without_effect_an_event_is_either_arms_with_the_same_chance() -> None:
    """First events of many worlds split evenly: an exact two-sided test at 1e-6."""
    split = np.zeros(2)
    for seed in range(40):
        split += World(scenario(), PLAN, np.random.default_rng(seed)).ahead(0, 120, 1).positions[-1].sum(axis=0)
    assert stats.binomtest(int(split[0]), int(split.sum()), 0.5).pvalue > 1e-6


def test_q1_the_effect_multiplies_the_candidates_rate_alone() -> None:
    """Requests with the event per request, against the scenario's own chances, within an exact bound."""
    requests, bad = np.zeros(2), np.zeros(2)
    for seed in range(20):
        buckets = World(times(3), PLAN, np.random.default_rng(seed)).ahead(0, 120, 1).buckets[60]
        requests += buckets.requests.sum(axis=0)
        bad += buckets.bad[0].sum(axis=0)
    for arm, chance in ((0, 0.06), (1, 0.02)):
        assert stats.binomtest(int(bad[arm]), int(requests[arm]), chance).pvalue > 1e-6


def test_q1_days_have_as_many_calls_as_their_traffic_says() -> None:
    """Whatever the shape; and none at night in offices."""
    minutes = np.arange(1440)
    for shape in ("flat", "day", "office"):
        found = pace(Traffic(shape=shape, requests_per_day=5000), minutes)  # type: ignore[arg-type]
        assert math.isclose(float(found.sum()), 5000, rel_tol=1e-9)
    assert not pace(Traffic(shape="office", starts_at_s=22 * 3600.0), np.arange(60)).any()


def test_q1_records_of_a_gap_come_in_at_its_end() -> None:
    """Nothing is counted while nothing is shipped, and nothing that was recorded is lost."""
    world = World(scenario(gaps=(Gap(from_s=1200, for_s=1200),)), PLAN, np.random.default_rng(3))
    stretch = world.ahead(0, 60, 1)
    enrolled = stretch.units.sum(axis=(1, 2))
    assert len(set(enrolled[19:40].tolist())) == 1
    assert enrolled[40] > enrolled[39]
    assert stretch.gap_ms[25] == 6 * 60_000
    assert stretch.gap_ms[45] == 0
    assert stretch.watermark_s[30] == 1200


def test_q1_a_bar_is_the_least_count_whose_evidence_reaches_it() -> None:
    """Against the statistic itself, one event more and one less."""
    bars, guardrail, needed = Bars(PLAN), Guardrail(metric="call.error"), math.log(1 / PLAN.alpha) - ROUNDING
    margin = events.Margin(guardrail.max_ratio, guardrail.design_ratio)
    for control in (0, 1, 17, 300, 2000):
        counts = np.arange(0, 4000)
        over = np.flatnonzero(bars.reached(guardrail, counts, np.full(4000, control)))
        assert float(events.harm(over[0], control, margin)) >= needed
        assert float(events.harm(over[0] - 1, control, margin)) < needed
        assert (np.diff(over) == 1).all()


def test_q1_traffic_is_of_whom_its_place_belongs_to() -> None:
    """The short way to a user is that of a plain search, at every edge too; and firsts are where users first stand."""
    people = populate(np.random.default_rng(4), Traffic(users=500, tail=2.5), PLAN)
    places = np.concatenate((np.random.default_rng(5).random(5000), people.reach[:-1], people.reach[1:-1] - 1e-12))
    users = people.at(places)
    assert (users == np.searchsorted(people.reach, places, side="right") - 1).all()
    for some in (users, users[:20], users[:0]):
        assert (firsts(some, 500) == np.unique(some, return_index=True)[1]).all()
