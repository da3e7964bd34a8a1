"""How often luck stops a healthy release: forecast, and simulated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from serinus.core.lint.false_stops import bad_share, false_stops
from serinus.core.lint.findings import findings
from serinus.core.lint.forecast import forecast
from serinus.core.lint.traffic import HOURS_OF_WEEK, Traffic
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Plan
from serinus.core.pipeline.step import Step

HOUR_S = 3600.0
ERRORS = Limit(metric="call.error", above=0.025, buckets=5, min_requests=50)
SLOW = Limit(metric="latency.p99", above=5000.0, buckets=3, min_requests=50)
QUANTILES = ((0.5, 900.0), (0.95, 2400.0), (0.99, 3600.0))
RELEASES, MINUTES = 4000, 360


def plan(*limits: Limit) -> Plan:
    """Six hours at one half, and a watch too short to matter."""
    steps = (Step(share=0.5, dwell_s=6 * HOUR_S), Step(share=1.0, dwell_s=1.0))
    return Plan(owner="ada", steps=steps, limits=limits)


def traffic(**changes: object) -> Traffic:
    """87 calls of the candidate in a minute at one half, of which 2 % fail."""
    fields = {
        "days": 14.0,
        "hourly": (2 * 87 * 60.0,) * HOURS_OF_WEEK,
        "reach": ((1.0, 3000.0), (24.0, 15_000.0)),
        "rates": {"call.error": 0.02},
        **changes,
    }
    return Traffic(**fields)  # type: ignore[arg-type]


def chance(limit: Limit, known: Traffic) -> float | None:
    """Of one limit."""
    [found] = false_stops(plan(limit), known, forecast(plan(limit), known))
    return found.chance


def simulated(limit: Limit, rate: float, share: float, least: object) -> int:
    """Releases of `RELEASES` in which a row of buckets is over, counted by brute force."""
    rng = np.random.default_rng(7)
    calls = rng.poisson(87, (RELEASES, MINUTES))
    bad = rng.binomial(calls, rate)
    over = (calls >= limit.min_requests) & (bad >= least(calls))  # type: ignore[operator]
    row = np.lib.stride_tricks.sliding_window_view
    whole = row(over, limit.buckets, axis=1).all(axis=2)
    if limit.by_chance:
        sums = row(bad, limit.buckets, axis=1).sum(axis=2), row(calls, limit.buckets, axis=1).sum(axis=2)
        whole &= stats.binom.sf(sums[0] - 1, sums[1], share) <= limit.by_chance
    return int(whole.any(axis=1).sum())


def test_q_the_chance_that_luck_breaks_a_limit_is_that_of_simulated_releases() -> None:
    """2 % of errors against 2.5 % in 5 minutes, which one healthy release in two breaks; and p99 above 3.7 s."""
    found = chance(ERRORS, traffic())
    hits = simulated(ERRORS, 0.02, 0.025, lambda calls: np.floor(0.025 * calls) + 1)
    assert found == pytest.approx(hits / RELEASES, rel=0.2)
    assert 0.2 < hits / RELEASES < 0.8
    near = Limit(metric="latency.p99", above=3700.0, buckets=3, min_requests=50)
    known = traffic(quantiles={"latency": QUANTILES})
    rate = bad_share(near, known)
    assert rate is not None
    slow = simulated(near, rate, 0.01, lambda calls: calls - np.floor(0.99 * (calls - 1)))
    assert chance(near, known) == pytest.approx(slow / RELEASES, rel=0.2)


def test_j1_what_is_by_chance_does_not_stop_healthy_releases() -> None:
    """With `by_chance` the same limit is broken in fewer than one of a thousand, as forecast and as simulated."""
    careful = Limit(metric="call.error", above=0.025, buckets=5, min_requests=50, by_chance=1e-4)
    found = chance(careful, traffic())
    hits = simulated(careful, 0.02, 0.025, lambda calls: np.floor(0.025 * calls) + 1)
    assert found is not None
    assert 0 < found < 0.002
    assert stats.binom.sf(hits - 1, RELEASES, found) > 1e-4


def test_a_limit_above_what_nobody_knows_has_no_chance() -> None:
    """Without rates, and without latencies, nothing is made up."""
    assert chance(ERRORS, traffic(rates={})) is None
    assert chance(SLOW, traffic()) is None
    known = chance(SLOW, traffic(quantiles={"latency": QUANTILES}))
    assert known is not None
    assert known < 0.01


def test_too_few_calls_break_nothing() -> None:
    """Ten calls a minute never make the fifty that are asked for."""
    assert chance(ERRORS, traffic(hourly=(2 * 10 * 60.0,) * HOURS_OF_WEEK)) == pytest.approx(0.0, abs=1e-9)


def test_q_rules_that_the_live_version_breaks_itself_stop_healthy_candidates() -> None:
    """1e-4 of some 31,000 calls: nearly all; told as an error, with what to do (statistics 4.8)."""
    known = traffic(rates={"call.error": 0.001, "call.zero_tolerance": 1e-4})
    found = forecast(plan(ERRORS), known)
    rule = false_stops(plan(ERRORS), known, found)[1]
    calls = sum((one.hours or 0.0) * one.calls_mean for one in found.steps)
    assert rule.where == "rules"
    assert rule.chance == pytest.approx(1 - (1 - 1e-4) ** calls)
    told = [one for one in findings(plan(ERRORS), known, found) if one.where == "rules"]
    assert [one.level for one in told] == ["error"]
    assert "zero_tolerance: false" in told[0].mend


def test_the_mend_of_a_limit_that_luck_breaks_names_by_chance() -> None:
    """What stops most healthy releases is an error; the mended limit is only told."""
    careful = Limit(metric="call.error", above=0.025, buckets=5, min_requests=50, by_chance=1e-4)
    for limit, level, mended in ((ERRORS, "error", True), (careful, "info", False)):
        every = findings(plan(limit), traffic(), forecast(plan(limit), traffic()))
        [told] = [one for one in every if one.where == "plan.limits[0]" and "by chance" in one.what]
        assert (told.level, "by_chance: 0.01%" in told.mend) == (level, mended)
