"""Forecasts: what a plan sees of its traffic, and what is told of it."""

from __future__ import annotations

import math

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.lint.finding import Finding
from serinus.core.lint.findings import findings
from serinus.core.lint.forecast import forecast, log_bar
from serinus.core.lint.traffic import HOURS_OF_WEEK, Traffic
from serinus.core.pipeline.limit import Limit
from serinus.core.pipeline.plan import Guardrail, Plan
from serinus.core.pipeline.step import Step

HOUR_S = 3600.0
STEPS = (
    Step(share=0.05, dwell_s=2 * HOUR_S, min_units=100),
    Step(share=0.5, dwell_s=12 * HOUR_S),
    Step(share=1.0, dwell_s=24 * HOUR_S),
)
RAILS = (Guardrail(metric="call.error"),)
LIMITS = (Limit(metric="call.error", above=0.1, min_requests=20),)


def plan(**changes: object) -> Plan:
    """A plan of two compared steps."""
    fields = {"owner": "ada@example.com", "steps": STEPS, "guardrails": RAILS, "limits": LIMITS, **changes}
    return Plan(**fields)  # type: ignore[arg-type]


def traffic(calls: float = 20_000.0, **changes: object) -> Traffic:
    """The same calls in every hour; half as many users in an hour, six times as many in a day."""
    fields = {
        "days": 14.0,
        "hourly": (calls,) * HOURS_OF_WEEK,
        "reach": ((1.0, calls / 2), (24.0, 6 * calls)),
        "rates": {"call.error": 0.01},
        **changes,
    }
    return Traffic(**fields)  # type: ignore[arg-type]


def found(plan: Plan, traffic: Traffic) -> list[Finding]:
    """The findings of a plan."""
    return findings(plan, traffic, forecast(plan, traffic))


def told(plan: Plan, traffic: Traffic, level: str) -> list[tuple[str, str]]:
    """Where and what, of one level."""
    return [(one.where, one.what) for one in found(plan, traffic) if one.level == level]


def test_distinct_users_grow_between_the_windows_that_are_known() -> None:
    """Known windows are met exactly, between them it grows, beyond the last no faster than before."""
    known = Traffic(days=7, hourly=(10.0,) * 168, reach=((1.0, 8.0), (24.0, 80.0), (168.0, 200.0)))
    assert [known.units(hours) for hours in (0, 0.5, 1, 24, 168)] == pytest.approx([0, 4, 8, 80, 200])
    assert known.units(1) < known.units(6) < known.units(24) < known.units(72) < known.units(168) < known.units(336)
    assert known.units(336) / known.units(168) == pytest.approx(2 ** (math.log(200 / 80) / math.log(7)))


def test_units_with_an_event_are_fewer_than_calls_with_one_would_say() -> None:
    """Ten calls of 1 % each: 1 − 0.99^10 of the units."""
    known = Traffic(days=7, hourly=(100.0,) * 168, reach=((1.0, 10.0),))
    assert known.unit_rate(0.01, 1.0) == pytest.approx(1 - 0.99**10)


def test_q_users_of_a_step_are_those_of_its_slice() -> None:
    """2 h at 5 %, then 12 h at 50 %: the slices 5 % and 45 % of the distinct users of their time."""
    known, one = traffic(), forecast(plan(), traffic())
    assert [step.units for step in one.steps] == pytest.approx([0.05 * known.units(2), 0.45 * known.units(12), 0])
    assert one.steps[1].units_so_far == pytest.approx(0.05 * known.units(14) + 0.45 * known.units(12))
    assert one.hours == pytest.approx(38)


def test_a_step_lasts_until_its_units_are_together() -> None:
    """500 users an hour, 25 of them in the slice: 100 take four hours and more, not two."""
    one = forecast(plan(), traffic(calls=1000.0))
    assert one.steps[0].hours is not None
    assert one.steps[0].hours > 2.0
    assert one.steps[0].units == pytest.approx(100, rel=0.02)
    assert ("plan.steps[0]", "warning") in [(f.where, f.level) for f in found(plan(), traffic(calls=1000.0))]


def test_a_step_that_never_ends_is_an_error() -> None:
    """A million units do not come."""
    steps = (msgspec.structs.replace(STEPS[0], min_units=10**9), *STEPS[1:])
    one = forecast(plan(steps=steps), traffic())
    assert one.hours is None
    assert len(one.steps) == 1
    assert any("do not come together" in what for _, what in told(plan(steps=steps), traffic(), "error"))


def test_a_plan_that_sees_what_it_guards_has_no_error() -> None:
    """Much traffic, one guardrail, a limit with enough calls."""
    assert told(plan(), traffic(), "error") == []
    harm = forecast(plan(), traffic()).harms[0]
    assert harm.hours_median is not None
    assert harm.hours_likely is not None
    assert 0 < harm.hours_median <= harm.hours_likely < 14
    assert harm.bad_answers == pytest.approx(
        20_000 * (0.05 * min(2, harm.hours_median) + 0.5 * max(0, harm.hours_median - 2)) * 0.02
    )


def test_h5a_a_comparison_that_cannot_see_its_design_ratio_is_an_error_at_its_last_step() -> None:
    """Few users: it says how likely, and what it does see."""
    [(where, what)] = told(
        plan(limits=(Limit(metric="call.error", above=0.1, min_requests=1),)), traffic(300.0), "error"
    )
    assert where == "plan.steps[1]"
    assert "sees errors of 2 times the control's with chance" in what


def test_each_guardrail_has_its_share_of_alpha_and_of_the_restarts() -> None:
    """Two guardrails, two compared steps: α · ½ · 0.44; an info does not take part."""
    rails = (*RAILS, Guardrail(metric="call.refusal"), Guardrail(metric="call.overdue", role="info"))
    assert log_bar(plan(guardrails=rails), rails[0]) == pytest.approx(-math.log(0.01 * 0.5 * 0.44))


def test_non_inferior_tells_how_long_showing_takes() -> None:
    """A margin of 1.25 needs tens of thousands of events: longer than the dwell."""
    steps = (STEPS[0], msgspec.structs.replace(STEPS[1], require="non_inferior"), STEPS[2])
    one = forecast(plan(steps=steps), traffic(2000.0)).steps[1].metrics[0]
    assert one.hours_to_show is None or one.hours_to_show > 12
    where = [place for place, _ in told(plan(steps=steps), traffic(2000.0), "warning")]
    errors = [place for place, _ in told(plan(steps=steps), traffic(2000.0), "error")]
    assert "plan.steps[1].require" in where + errors


def test_a_limit_without_data_is_told() -> None:
    """Never enough calls: an error. Not enough at 5 %: a warning."""
    few = plan(limits=(Limit(metric="call.error", above=0.1, min_requests=50),))
    assert any("never has data" in what for _, what in told(few, traffic(300.0), "error"))
    assert any("at 5 % the limit" in what for _, what in told(few, traffic(20_000.0), "warning"))


def test_a_limit_that_the_live_version_breaks_itself_is_told() -> None:
    """1 % of errors against a limit of 0.8 % in one minute."""
    tight = plan(limits=(Limit(metric="call.error", above=0.008, buckets=1, min_requests=20),))
    assert any("by chance" in what for where, what in told(tight, traffic(), "error") if where == "plan.limits[0]")


def test_quiet_hours_heavy_users_and_unknown_rates_are_told() -> None:
    """Each is one warning."""
    hourly = (0.5, *(20_000.0,) * 167)
    known = traffic(hourly=hourly, heaviest_unit=0.2, rates={})
    where = {place for place, _ in told(plan(), known, "warning")}
    assert {"plan.freshness_s", "traffic.heaviest_unit", "traffic.rates"} <= where
    assert "plan.freshness_s" not in {place for place, _ in told(plan(), traffic(10**6), "warning")}


def test_an_event_that_never_happened_and_false_stops_are_told() -> None:
    """As information: α times the releases of a year."""
    every = told(plan(), traffic(rates={"call.error": 0.0}), "info")
    assert any("never happened" in what for _, what in every)
    assert any("0.52 of 52 a year" in what for _, what in every)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hourly", (1.0,) * 24),
        ("hourly", (0.0,) * 168),
        ("hourly", (float("nan"),) * 168),
        ("reach", ()),
        ("reach", ((1.0, 5.0), (1.0, 6.0))),
        ("reach", ((1.0, 5.0), (2.0, 4.0))),
        ("rates", {"call.error": 1.5}),
    ],
)
def test_traffic_that_cannot_be_is_refused(field: str, value: object) -> None:
    """The field is named."""
    with pytest.raises(InvalidInput) as caught:
        traffic(**{field: value})
    assert caught.value.where.startswith(f"traffic.{field}")
    assert caught.value.mend


def test_q_a_guardrail_on_latency_is_forecast_without_any_history_of_it() -> None:
    """5 % of the control's calls are beyond its own p95, so that power is known; how much longer calls take for it
    comes from the quantiles of the traffic, or a usual spread."""
    rails = (Guardrail(metric="latency.p95", max_ratio=1.1),)
    usual = forecast(plan(guardrails=rails), traffic(rates={}))
    [seen] = usual.steps[1].metrics
    assert seen.unit_rate == pytest.approx(traffic().unit_rate(0.05, 14), rel=0.2)
    assert seen.smallest_harm is not None
    assert 1.1 < seen.smallest_harm < 1.3
    assert (usual.unknown, usual.assumed) == ((), ())
    wide = {"latency": ((0.5, 900.0), (0.95, 9000.0))}
    spread = forecast(plan(guardrails=rails), traffic(rates={}, quantiles=wide))
    assert spread.harms[0].ratio > usual.harms[0].ratio > 1.1
    assert spread.steps[1].metrics[0].seen == seen.seen


def test_what_was_shown_while_few_users_had_the_event_stays_shown() -> None:
    """When nearly every user has been beyond the threshold once the arms are alike again; until then it was shown."""
    rails = (Guardrail(metric="latency.p95", max_ratio=1.1),)
    steps = (STEPS[0], msgspec.structs.replace(STEPS[1], dwell_s=48 * HOUR_S, require="non_inferior"), STEPS[2])
    busy = traffic(reach=((1.0, 3000.0), (24.0, 15_000.0), (168.0, 15_500.0)))
    hours = forecast(plan(steps=steps, guardrails=rails), busy).steps[1].metrics[0].hours_to_show
    assert hours is not None
    assert 0.5 < hours < 48
