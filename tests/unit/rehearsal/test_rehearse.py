"""Rehearsals find what they should, and the same every time."""

from __future__ import annotations

import re
import statistics
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from serinus.core.pipeline.peak import Peak
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.pipeline.shadow import MeasureMargin, PairLimit
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.core.records import histogram
from serinus.rehearsal.chances import SlowKind, counted_above_us
from serinus.rehearsal.made import Made
from serinus.rehearsal.rehearse import rehearsal, rehearse_one
from serinus.rehearsal.scenario import Drift, Effect, Gap, Judge, Latency, Outage, People, Rate, Scenario, Traffic
from serinus.rehearsal.standard import STANDARD
from tests.unit.rehearsal.plans import ERROR, PLAN, RATES, TRAFFIC, outcomes, scenario, times

RELEASES = 200
LATENCY = Latency(median_s=0.9, spread=0.6)
HARDEST = {
    "plain": scenario(),
    "returning users unlike each other": scenario(
        traffic=msgspec.structs.replace(TRAFFIC, tail=1.5, turns=4, spread=2.0, users=1500)
    ),
    "drift on both arms": scenario(drift=(Drift(metric=ERROR, kind="linear", factor=4, over_s=5000),)),
    "delayed": scenario(rates=(Rate(metric=ERROR, chance=0.02, delay_s=1800), *RATES[1:])),
}


@pytest.mark.parametrize("name", sorted(HARDEST))
def test_q1_healthy_candidates_are_rolled_back_no_more_often_than_alpha(name: str) -> None:
    """With a margin of 1 every bad event counts as under H0; more rollbacks than an exact bound of 1e-6 allows would
    refute α = 0.05."""
    back = sum(one.end == "rolled_back" for one in outcomes(HARDEST[name], RELEASES))
    assert stats.binom.sf(back - 1, RELEASES, PLAN.alpha) > 1e-6


def test_q1_three_times_the_failures_are_caught() -> None:
    """Each of them, before 100 %."""
    found = outcomes(times(3), 60)
    assert all(one.caught and one.question == "harm" for one in found)
    assert max(one.stopped_step for one in found) <= 1


def test_q1_stronger_harm_is_found_no_later() -> None:
    """On average, over the same users and the same luck; and it serves fewer users until then."""
    means = []
    for ratio in (2.0, 3.0, 6.0):
        found = outcomes(times(ratio), 40)
        means.append((statistics.mean(o.end_s for o in found), statistics.mean(o.exposed for o in found)))
    assert means == sorted(means, reverse=True)


def test_q1_a_rollback_before_the_harm_is_false() -> None:
    """Late harm is caught after it began; what is stopped earlier is no merit."""
    found = outcomes(times(6, after_events=60), 40)
    caught = [one for one in found if one.caught]
    assert len(caught) > 30
    assert all(one.harm_s is not None and 0 < one.harm_s <= one.end_s for one in caught)
    assert all(one.harm_s is None for one in found if one.false)


PLAYED: dict[str, tuple[Scenario, dict[str, Any]]] = {
    "healthy": (scenario(), {}),
    "harm": (times(2), {}),
    "late": (times(4, after_events=80), {}),
    "few calls": (scenario(traffic=Traffic(requests_per_day=6000, users=2000)), {"freshness_s": 60.0}),
    "silences now and then": (
        scenario(traffic=Traffic(requests_per_day=40_000, users=2000, turns=1)),
        {"freshness_s": 60.0},
    ),
    "outage": (scenario(outages=(Outage(metric=ERROR, chance=0.9, from_s=2400, for_s=900),)), {}),
    "gap": (scenario(gaps=(Gap(from_s=1000, for_s=1500),)), {}),
    "night": (scenario(traffic=Traffic(shape="office", starts_at_s=19 * 3600.0, users=2000)), {}),
    "few users": (scenario(), {"steps": (Step(share=0.1, dwell_s=600, min_units=280), *PLAN.steps[1:]), "stages": ()}),
    "slower": (
        scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=1.3),)),
        {"guardrails": (*PLAN.guardrails, Guardrail(metric="latency.p95", max_ratio=1.1))},
    ),
    "limit in seconds": (
        scenario(outages=(Outage(metric=ERROR, chance=0.9, from_s=2000, for_s=6),)),
        {"limits": (Limit(metric=ERROR, above=0.3, buckets=3, bucket_s=1, min_requests=1, action="pause"),)},
    ),
}


SECONDS = {
    "stages": (),
    "steps": (Step(share=0.1, dwell_s=20, min_units=20), Step(share=0.5, dwell_s=30), Step(share=1.0, dwell_s=40)),
    "freshness_s": 10.0,
    "limits": (
        Limit(metric=ERROR, above=0.5, min_requests=10),
        Limit(metric=ERROR, above=0.6, min_requests=5, bucket_s=1, buckets=2),
    ),
}
BUSY = Traffic(requests_per_day=4_000_000, users=3000)
PLAYED |= {
    "dwells of seconds": (scenario(traffic=BUSY), SECONDS),
    "dwells of seconds, few calls": (scenario(traffic=TRAFFIC), SECONDS),
    "dwells of seconds, harm": (scenario(traffic=BUSY, effect=(Effect(metric=ERROR, ratio=10),)), SECONDS),
    "dwells of seconds, outage": (
        scenario(traffic=BUSY, outages=(Outage(metric=ERROR, chance=0.9, from_s=25, for_s=8),)),
        {**SECONDS, "veto_deadline_s": 60.0},
    ),
    "dwells of seconds, gap": (scenario(traffic=BUSY, gaps=(Gap(from_s=15, for_s=30),)), SECONDS),
}


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_q1_minutes_that_are_not_looked_at_change_nothing(name: str) -> None:
    """Judging every single minute gives the same release: no decision is skipped, none comes later."""
    played, changes = PLAYED[name]
    plan = msgspec.structs.replace(PLAN, **changes)
    for index in range(3):
        quick = rehearse_one(played, plan, index, 3)
        thorough = rehearse_one(played, plan, index, 3, every_beat=True)
        assert quick.looks < thorough.looks
        assert msgspec.structs.replace(quick, looks=0) == msgspec.structs.replace(thorough, looks=0)


def test_q1_dwells_of_seconds_are_looked_at_by_seconds() -> None:
    """A plan of 90 s is played in beats of 2 s: a healthy release takes its dwells, a harmful one is stopped within
    the first. One of hours is played by the minute."""
    quick = msgspec.structs.replace(PLAN, **SECONDS)
    assert (Made(scenario(), quick).beat_s, Made(scenario(), PLAN).beat_s) == (2, 60)
    well = [rehearse_one(scenario(traffic=BUSY), quick, index, 1) for index in range(10)]
    assert {one.end for one in well} == {"promoted"}
    assert all(90 <= one.end_s <= 96 for one in well)
    harm = [rehearse_one(PLAYED["dwells of seconds, harm"][0], quick, index, 1) for index in range(10)]
    assert all(one.caught and one.end_s <= 40 for one in harm)


def test_q1_the_same_seed_gives_the_same_on_any_number_of_cores() -> None:
    """Each release draws from the seed and its own number alone."""
    with rehearsal(2) as many:
        found = [one for batch in many.outcomes(times(2), PLAN, 60, 7) for one in batch]
    assert sorted(found, key=lambda one: one.index) == outcomes(times(2), 60)
    assert outcomes(times(2), 2) != [rehearse_one(times(2), PLAN, index, 8) for index in range(2)]


def test_q1_a_vetoed_limit_holds_and_then_rolls_back() -> None:
    """An outage of the provider on both arms pauses, and past the deadline goes back: told as a false rollback."""
    plan = msgspec.structs.replace(PLAN, veto_deadline_s=1200.0)
    found = rehearse_one(scenario(outages=(Outage(metric=ERROR, chance=0.9, from_s=1200, for_s=900),)), plan, 0, 1)
    assert (found.end, found.question, found.pauses, found.false) == ("rolled_back", "deadline", 1, True)
    assert 1200 + 1200 <= found.end_s <= 1200 + 1200 + 600


def test_q1_nobody_resumes_a_release_that_waits_for_a_person() -> None:
    """It is told as paused, at the step where it stands."""
    limit = Limit(metric=ERROR, above=0.3, min_requests=10, action="pause")
    plan = msgspec.structs.replace(PLAN, limits=(limit,), guardrails=PLAN.guardrails[1:])
    found = rehearse_one(times(40), plan, 0, 1)
    assert (found.end, found.stopped_step) == ("paused", 0)


def test_q1_telemetry_gaps_expose_nobody_once_the_lease_has_lapsed() -> None:
    """During the gap the candidate is not served, and the release waits."""
    gap = scenario(gaps=(Gap(from_s=600, for_s=7200),))
    with_gap, without = rehearse_one(gap, PLAN, 0, 1), rehearse_one(scenario(), PLAN, 0, 1)
    assert with_gap.end == without.end == "promoted"
    assert with_gap.end_s > without.end_s + 7000
    assert with_gap.calls < 1.1 * without.calls


WAITS = Guardrail(metric="latency.p95", max_ratio=1.1)


def test_q1_a_slower_p95_is_rolled_back_and_a_tolerated_one_is_not() -> None:
    """Against the control's own quantile: 1.4 times the latency is found; exactly the margin, as often as α allows."""
    plan = msgspec.structs.replace(PLAN, guardrails=(*PLAN.guardrails, WAITS))
    slow = scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=1.4),))
    found = outcomes(slow, 20, plan)
    assert all(one.caught and one.question == "harm" for one in found)
    assert "p95 latency" in found[0].reason
    edge = scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=1.1),))
    back = sum(one.end == "rolled_back" for one in outcomes(edge, RELEASES, plan))
    assert stats.binom.sf(back - 1, RELEASES, PLAN.alpha) > 1e-6


STAGED = Plan(
    owner="ada@example.com",
    stages=(
        OfflineStage(name="golden set", suites=("golden",)),
        ShadowStage(name="shadow", share=0.5, dwell_s=7200, min_units=400, budget_s=6 * 3600.0, limits=(
            PairLimit(metric=ERROR, above=0.3),), measures=(MeasureMargin(measure="latency", role="guardrail"),)),
        ApprovalStage(name="go", roles=("ml_lead", "ops_lead")),
        RolloutStage(name="canary", steps=PLAN.steps[:1]),
        ApprovalStage(name="wider", roles=("ops_lead",)),
        RolloutStage(name="full", steps=PLAN.steps[1:]),
    ),
    guardrails=PLAN.guardrails,
    limits=(*PLAN.limits, Limit(metric="latency.p95", above=4000, buckets=3, min_requests=10)),
    alpha=0.05,
    freshness_s=300,
)  # fmt: skip


def test_q1_all_stages_are_gone_through() -> None:
    """The suite takes its time, the shadow stage its dwell, and people sign when they do: then users come."""
    judge = Judge(takes_s=1800.0)
    found = rehearse_one(scenario(judge=judge, people=People(approve_after_s=3600.0)), STAGED, 0, 1)
    assert (found.end, found.accused) == ("promoted", False)
    before_s = 1800 + 7200 + 3600
    assert before_s <= found.steps_s[0] <= before_s + 600
    assert found.steps_s[1] - found.steps_s[0] >= PLAN.steps[0].dwell_s + 3600


def test_q1_a_shadow_stage_rejects_before_any_user_sees_it() -> None:
    """Five times the errors show in pairs, without a user."""
    found = [rehearse_one(times(5), STAGED, index, 1) for index in range(10)]
    assert {one.end for one in found} == {"rejected"}
    assert all(one.caught and not one.exposed and not one.calls and one.question == "gate" for one in found)
    assert all(one.harm_s is not None and one.harm_s >= 1800 for one in found)


def test_q1_slower_answers_show_in_pairs() -> None:
    """Pairs tell a candidate of 1.6 times the latency from a margin of 1.25, and hardly ever an equal one from it."""
    slow = scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=1.6),))
    assert all(rehearse_one(slow, STAGED, index, 1).end == "rejected" for index in range(10))
    well = scenario(latency=LATENCY)
    assert all(rehearse_one(well, STAGED, index, 1).end == "promoted" for index in range(5))


def test_q1_a_worse_candidate_is_stopped_by_the_gate_of_its_suite() -> None:
    """A drop of 8 points against a tolerated 3 fails; nobody ever sees it."""
    found = [rehearse_one(scenario(judge=Judge(drop=0.08)), STAGED, index, 1) for index in range(10)]
    assert all(one.end == "rejected" and one.caught and one.harm_s == 0 for one in found)


def test_q1_a_judge_that_dies_lets_nobody_pass() -> None:
    """The release waits for a person, accused of nothing."""
    found = rehearse_one(scenario(judge=Judge(dies=True)), STAGED, 0, 1)
    assert (found.end, found.accused, found.caught, found.false, found.exposed) == ("paused", False, False, False, 0)


def test_q1_harm_that_nothing_looks_at_is_told_as_harm() -> None:
    """A pipeline without a suite, or without a guardrail on latency, catches none of it: not "there was none"."""
    slow = scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=2.0),))
    for played in (slow, scenario(judge=Judge(drop=0.08))):
        found = rehearse_one(played, PLAN, 0, 1)
        assert (found.end, found.harm_s, found.caught) == ("promoted", 0.0, False)


def test_q1_latency_above_a_limit_is_what_a_histogram_counts() -> None:
    """The share of simulated calls above the bound is that of log-normal latencies filed into the real histogram."""
    limit = STAGED.limits[1]
    kind = SlowKind(scenario(latency=LATENCY), "slow", counted_above_us(limit.bound * 1000))
    chance = float(kind.well(np.zeros(1), 1.0)[0])
    us = 900_000 * np.exp(0.6 * np.random.default_rng(1).standard_normal(20_000))
    above = histogram.of(us.tolist()).above(limit.bound * 1000)
    assert stats.binomtest(above, len(us), chance).pvalue > 1e-6


def test_q1_a_latency_limit_rolls_back() -> None:
    """Three times the latency breaks it within minutes; the reason tells the quantile."""
    slow = scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=3.0),))
    plan = msgspec.structs.replace(PLAN, limits=STAGED.limits)
    found = rehearse_one(slow, plan, 0, 1)
    assert (found.end, found.question, found.caught) == ("rolled_back", "limits", True)
    assert re.search(r"p95 latency was [\d.,]+ m?s", found.reason)


MIRRORED: dict[str, tuple[Scenario, dict[str, Any]]] = {
    "healthy": (scenario(), {}),
    "harm": (times(2), {}),
    "slower": (scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=1.35),)), {}),
    "silences": (
        scenario(traffic=Traffic(requests_per_day=20_000, users=3000, turns=1)),
        {"freshness_s": 60.0},
    ),
    "gap": (scenario(gaps=(Gap(from_s=4000, for_s=1500),)), {}),
    "night": (scenario(traffic=Traffic(shape="office", starts_at_s=18 * 3600.0, users=2000)), {}),
    "peak": (scenario(traffic=Traffic(starts_at_s=7 * 3600.0, requests_per_day=50_000)), {}),
    "judge": (scenario(judge=Judge(dies=True)), {}),
}


@pytest.mark.parametrize("name", sorted(MIRRORED))
def test_q1_minutes_before_traffic_that_are_not_looked_at_change_nothing(name: str) -> None:
    """Judging every single minute of suites, shadow stages and approvals gives the same release."""
    played, changes = MIRRORED[name]
    plan = msgspec.structs.replace(STAGED, **changes)
    if name == "peak":
        window = msgspec.structs.replace(STAGED.stages[1], peak=Peak(hours="09:30-11:00", days="thu", min_units=300))
        plan = msgspec.structs.replace(plan, steps=(), stages=(STAGED.stages[0], window, *STAGED.stages[2:]))
    for index in range(2):
        quick = rehearse_one(played, plan, index, 3)
        thorough = rehearse_one(played, plan, index, 3, every_beat=True)
        assert quick.looks < thorough.looks
        assert msgspec.structs.replace(quick, looks=0) == msgspec.structs.replace(thorough, looks=0)


def test_q1_the_usual_pipeline_can_be_rehearsed() -> None:
    """Five steps, as the documentation promises."""
    assert [step.share for step in STANDARD.steps] == [0.02, 0.1, 0.25, 0.5, 1.0]
    assert rehearse_one(scenario(traffic=Traffic(requests_per_day=150_000)), STANDARD, 0, 1).end == "promoted"
