"""Monitors on the product's own gauges are rehearsed as they would be read."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from serinus.core.decision.monitors import judge_monitors
from serinus.core.metrics import Quantile, metric
from serinus.core.pipeline.first import first_plan
from serinus.core.pipeline.monitor import HttpSource, MetricSource, Monitor, SqlSource
from serinus.core.pipeline.plan import Guardrail, Plan, Step
from serinus.core.pipeline.stages import ApprovalStage, RolloutStage
from serinus.core.pipeline.threshold import Threshold
from serinus.core.records import histogram
from serinus.rehearsal.counts import Scale, in_buckets
from serinus.rehearsal.made import Made
from serinus.rehearsal.page import monitor_text, page
from serinus.rehearsal.rehearse import rehearse_one
from serinus.rehearsal.rounds import START_US, created
from serinus.rehearsal.scenario import Effect, Gap, Latency, Outage, Rate, Scenario, Traffic
from serinus.rehearsal.summary import summarise
from serinus.rehearsal.watching import Watching
from serinus.rehearsal.world import World
from tests.unit.rehearsal.plans import ERROR, PLAN, RATES, outcomes, scenario, times

LATENCY = Latency(median_s=0.9, spread=0.6)
WELL = scenario(latency=LATENCY)


def above(bound: float = 0.0, factor: float = 0.0) -> Threshold:
    return Threshold(side="above", bound=bound, factor=factor)


def monitor(name: str, of: str, **changes: Any) -> Monitor:
    return Monitor(name=name, source=MetricSource(metric=of), **changes)


ERRORS = monitor("errors", ERROR, critical=above(0.03), every_s=15, window_s=300, action="pause")
SLOW = monitor(
    "slow", "latency.p95", critical=above(factor=1.3), every_s=30, window_s=300, required=True, action="rollback"
)
SLO = monitor("slo", "latency.p99", critical=above(6000), every_s=60, window_s=1800, action="rollback")
TRAFFIC = monitor("traffic", "traffic.calls_per_s", required=True, action="none")
PLAIN = msgspec.structs.replace(PLAN, guardrails=(Guardrail(metric="call.refusal"),))


def watching(*monitors: Monitor, plan: Plan = PLAIN) -> Plan:
    return msgspec.structs.replace(plan, monitors=monitors)


PLAYED: dict[str, tuple[Scenario, Plan]] = {
    "errors that pause": (WELL, watching(ERRORS)),
    "slower": (
        scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=1.6, from_s=2500),)),
        watching(SLOW, TRAFFIC),
    ),
    "beyond a bound": (
        scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=1.6, segment=0.7),)),
        watching(SLO),
    ),
    "few calls": (scenario(latency=LATENCY, traffic=Traffic(requests_per_day=30_000, users=3000)), watching(TRAFFIC)),
    "gap": (scenario(latency=LATENCY, gaps=(Gap(from_s=2000, for_s=1500),)), watching(SLOW, ERRORS)),
    "outage": (
        scenario(latency=LATENCY, outages=(Outage(metric=ERROR, chance=0.5, from_s=2000, for_s=400),)),
        watching(TRAFFIC),
    ),
    "a required one without data": (
        scenario(latency=LATENCY, traffic=Traffic(requests_per_day=90_000, users=3000)),
        watching(msgspec.structs.replace(TRAFFIC, min_samples=60, from_step=2)),
    ),
    "late events": (
        scenario(rates=(Rate(metric=ERROR, chance=0.02, delay_s=900), *RATES[1:])),
        watching(msgspec.structs.replace(ERRORS, critical=above(0.035))),
    ),
}


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_i_beats_of_monitored_releases_that_are_not_looked_at_change_nothing(name: str) -> None:
    """Judging every single one gives the same release, and the same monitors act."""
    played, plan = PLAYED[name]
    for index in range(2):
        quick = rehearse_one(played, plan, index, 3)
        thorough = rehearse_one(played, plan, index, 3, every_beat=True)
        assert quick.looks < thorough.looks
        assert msgspec.structs.replace(quick, looks=0) == msgspec.structs.replace(thorough, looks=0)


def test_i_beats_are_as_short_as_monitors_that_act_are_read() -> None:
    """One that only tells is read by the minute."""
    assert Made(WELL, watching(SLO)).beat_s == 60
    assert Made(WELL, watching(ERRORS, SLO)).beat_s == 15
    assert Made(WELL, watching(msgspec.structs.replace(ERRORS, action="none"))).beat_s == 60


def test_i_what_is_looked_for_is_what_is_judged() -> None:
    """A beat is looked at for a critical monitor just when its newest reading is critical."""

    plan = watching(
        ERRORS, SLOW, msgspec.structs.replace(TRAFFIC, alert=None, critical=Threshold(side="below", factor=0.9))
    )
    made = Made(WELL, plan)
    world = World(WELL, made.plan, np.random.default_rng(5), made.beat_s)
    stretch = world.ahead(0, 400, 1)
    release = msgspec.structs.replace(created(made.plan), step=1)
    watched = Watching(WELL, made.plan.monitors, 0).over(stretch, watch=False)
    looked = watched.critical(release)
    judged = [any(one.level == "critical" for one in watched.seen(beat, START_US)) for beat in range(400)]
    assert looked.tolist() == judged
    standings = [judge_monitors(release, watched.seen(beat, START_US)) for beat in range(400)]
    assert watched.blocking(release).tolist() == [any(one.blocks for one in found) for found in standings]
    assert 10 < sum(judged) < 390
    assert {one.level for beat in range(400) for one in watched.seen(beat, START_US)} >= {"ok", "critical", "no-data"}


def test_i_false_pauses_come_as_often_as_chance_has_them() -> None:
    """Windows that do not overlap are independent: the share of healthy releases that a monitor pauses is the one that
    follows from Poisson calls and binomial errors, within an exact bound of 1e-6."""
    users, a_day, bound, least, hours = 3000, 300_000, 0.05, 50, 3
    steps = (Step(share=0.1, dwell_s=hours * 3600), Step(share=1.0, dwell_s=3600))
    alone = monitor(
        "errors", ERROR, critical=above(bound), every_s=300, window_s=300, min_samples=least, action="pause"
    )
    plan = watching(alone, plan=msgspec.structs.replace(PLAIN, steps=steps, stages=(), limits=()))
    played = scenario(traffic=Traffic(requests_per_day=a_day, users=users, tail=0.0, turns=1.0))
    releases = 150
    paused = sum(any(at_s <= hours * 3600 for _, at_s in one.acted) for one in outcomes(played, releases, plan))
    readings = hours * 12 - 1  # the first window has no more than a minute's calls
    calls = np.arange(1, 400)
    too_many = np.where(calls >= least, stats.binom.sf(np.floor(bound * calls + 1e-9), calls, 0.02), 0.0)
    chance = 0.0
    for candidates in range(200, 420):
        expected = a_day * 300 / 86_400 * candidates / users
        once = float(stats.poisson.pmf(calls, expected) @ too_many)
        chance += float(stats.binom.pmf(candidates, users, 0.1)) * (1 - (1 - once) ** readings)
    assert 0.1 < chance < 0.9
    assert stats.binomtest(paused, releases, chance).pvalue > 1e-6


def test_i_a_required_monitor_without_data_keeps_a_release_on_its_step() -> None:
    """From its own step on, and for as long as it has none: told as a delay, which is no accusation."""
    blind = monitor("blind", ERROR, critical=above(0.9), required=True, min_samples=10**6, action="none", from_step=2)
    plan = watching(blind)
    found = [rehearse_one(WELL, plan, index, 1) for index in range(3)]
    assert {(one.end, one.stopped_step, one.delayed, one.acted) for one in found} == {("unfinished", 1, ("blind",), ())}


def test_i_a_slower_candidate_is_taken_back_by_a_monitor() -> None:
    """In the watch too, where it is held to this hour a week ago; an absolute threshold that the control crosses as
    well pauses instead, until the deadline."""
    slow = Effect(metric="latency.p95", ratio=1.6, from_s=6600)
    wide = msgspec.structs.replace(SLOW, window_s=600, critical=above(factor=1.4), min_samples=100)
    found = rehearse_one(scenario(latency=LATENCY, effect=(slow,)), watching(wide), 0, 1)
    assert (found.end, found.question, found.stopped_step, found.caught) == ("rolled_back", "monitors", 2, True)
    assert "this hour a week ago" in found.reason
    assert 6600 < found.acted[0][1] < 6600 + 900
    errors = msgspec.structs.replace(
        ERRORS, critical=above(0.3), action="rollback", window_s=60, every_s=60, min_samples=5
    )
    vetoed = scenario(outages=(Outage(metric=ERROR, chance=0.9, from_s=1200, for_s=900),))
    plan = msgspec.structs.replace(watching(errors), limits=(), veto_deadline_s=300.0)
    held = rehearse_one(vetoed, plan, 0, 1)
    assert (held.end, held.question, held.pauses, held.acted[0][0]) == ("rolled_back", "deadline", 1, "errors")


def test_i_quantiles_are_those_of_the_real_histogram() -> None:
    """Bucket by bucket, whatever the number of values; none of none."""
    rng, scale, measure = np.random.default_rng(3), Scale(LATENCY), metric("latency.p95").measure
    assert isinstance(measure, Quantile)
    for values in (1, 7, 300):
        log_us = np.log(900_000) + 0.6 * rng.standard_normal(values)
        beat = np.zeros(values, dtype=np.int64)
        counts = in_buckets(beat, beat == 0, scale.bucket(log_us), (1, scale.buckets))
        real = histogram.of(np.exp(log_us).tolist()).quantile(0.95)
        assert real is not None
        assert scale.quantile_ms(counts, measure)[0, 0] == pytest.approx(real / 1000)
        assert np.isnan(scale.quantile_ms(counts, measure)[0, 1])


def test_i_a_first_release_has_monitors_with_absolute_thresholds() -> None:
    """A relative one has nothing to be relative to, and does nothing."""
    stages = (ApprovalStage(name="go", roles=("ml_lead",)), RolloutStage(steps=PLAN.steps))
    declared = msgspec.structs.replace(watching(SLO, SLOW), steps=(), stages=stages)
    plan = first_plan("bot", declared, "Later.")
    slow = scenario(latency=LATENCY, effect=(Effect(metric="latency.p95", ratio=1.8),))
    found = rehearse_one(slow, plan, 0, 1)
    assert (found.end, [name for name, _ in found.acted]) == ("rolled_back", ["slo"])


def test_i_the_summary_tells_what_monitors_did_and_what_was_not_rehearsed() -> None:
    """How often each acted, and by mistake; other sources and unknown metrics are named with the reason."""
    others = (
        Monitor(name="rows", source=SqlSource(query="SELECT count(*) FROM calls"), critical=above(1)),
        Monitor(name="up", source=HttpSource(url="https://status.example.com")),
        monitor("cost", "cost.per_call", critical=above(factor=2)),
        monitor("phrases", "call.policy_violation", critical=above(0)),
    )
    plan = watching(msgspec.structs.replace(ERRORS, critical=above(0.045)), *others, plan=PLAN)
    plan = msgspec.structs.replace(plan, guardrails=(*plan.guardrails, Guardrail(metric="latency.p95")))
    harm = times(3)
    found = summarise(harm, plan, outcomes(harm, 20, plan), 20, 7, {})
    (errors,) = found.monitors
    assert (errors.name, errors.action, errors.acted.n, errors.mistaken.hits) == ("errors", "pause", 20, 0)
    assert errors.acted.hits > 10
    assert found.not_rehearsed == (
        "monitor rows: nobody simulates what it asks",
        "monitor up: nobody simulates what it asks",
        "monitor cost: cost.per_call is not simulated",
        "monitor phrases: the scenario has no rate of call.policy_violation",
        "guardrail latency.p95: the scenario says nothing of it",
    )
    assert "monitor errors paused" in monitor_text(errors)
    report = page((found,), "bot")
    assert "Not rehearsed: monitor rows" in report
    assert "monitor errors paused" in report
    well = scenario()
    mistakes = summarise(well, plan, outcomes(well, 20, plan), 20, 7, {}).monitors[0]
    assert mistakes.acted == mistakes.mistaken
