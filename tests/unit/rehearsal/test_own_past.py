"""A provider that fails both arms in a rehearsal: the live version's own past pauses the release, and says how soon."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from serinus.core.decision.control_health import ALPHA
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.records.live_calls import Position
from serinus.core.stats.watched import log_e
from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.live import Living
from serinus.rehearsal.made import Made
from serinus.rehearsal.outcome import Outcome
from serinus.rehearsal.own_past import OwnPast, past_of
from serinus.rehearsal.scenario import Scenario
from serinus.rehearsal.summary import summarise

PLAN = Plan(
    owner="ada@example.com",
    steps=(Step(share=0.1, dwell_s=4 * 3600.0), Step(share=0.5, dwell_s=4 * 3600.0), Step(share=1.0, dwell_s=3600.0)),
    guardrails=(Guardrail(metric="call.error"), Guardrail(metric="call.refusal", role="info")),
    limits=(Limit(metric="call.error", above=0.15),),
)
ILL = parse_scenario_file("provider-ill", shipped()["provider-ill"])
WELL = msgspec.structs.replace(ILL, drift=())


def played(scenario: Scenario, releases: int, every_beat: bool = False, plan: Plan = PLAN) -> list[Outcome]:
    """So many releases, one after another."""
    made = Made(scenario, plan)
    return [Living(scenario, made, index, 5, every_beat).outcome() for index in range(releases)]


def test_2_7_a_provider_that_fails_both_arms_pauses_releases_and_the_summary_tells_how_soon() -> None:
    """All of six, after the sixth hour in which it begins; nobody takes it for a candidate stopped by mistake."""
    found = played(ILL, 6)
    assert [(one.end, one.control_ill, one.false) for one in found] == [("paused", True, False)] * 6
    told = summarise(ILL, PLAN, found, 6, 5, {}).control_ill
    assert told is not None
    assert told.paused.hits == 6
    assert told.after_s is not None
    assert 0 < told.after_s.p50 <= told.after_s.p90 < 3 * 3600


def test_2_7_without_a_past_or_with_too_short_a_one_nothing_pauses() -> None:
    """As little as in production; and the summary of a scenario without one says nothing of it."""
    for past_s, listed in ((0.0, False), (48 * 3600.0, True)):
        scenario = msgspec.structs.replace(ILL, past_s=past_s)
        found = played(scenario, 2)
        assert [one.end for one in found] == ["promoted"] * 2
        told = summarise(scenario, PLAN, found, 2, 5, {}).control_ill
        assert (told is not None) == listed
    off = msgspec.structs.replace(PLAN, control_ratio=0.0, steps=())
    assert [one.end for one in played(ILL, 2, plan=off)] == ["promoted"] * 2


def test_2_7_a_provider_that_is_well_pauses_nobody() -> None:
    """Twelve releases with a past, as without."""
    assert [one.end for one in played(WELL, 12)] == ["promoted"] * 12


@pytest.mark.parametrize("scenario", [ILL, WELL])
def test_2_7_looking_at_telling_minutes_alone_finds_what_looking_at_all_finds(scenario: Scenario) -> None:
    """The same ends at the same times, step by step."""
    some, every = played(scenario, 2), played(scenario, 2, every_beat=True)
    kept = [(one.end, one.stopped_s, one.steps_s, one.reason) for one in some]
    assert kept == [(one.end, one.stopped_s, one.steps_s, one.reason) for one in every]
    assert sum(one.looks for one in some) < sum(one.looks for one in every) / 4


def test_what_may_alarm_is_never_less_than_what_does() -> None:
    """At every minute of a made-up release the watch itself is asked: where it alarms, it was said that it may."""
    made = Made(ILL, PLAN)
    living = Living(ILL, made, 0, 5, every_beat=True)
    living.outcome()
    own = living._own
    assert isinstance(own, OwnPast)
    may = own._may_alarm(1)
    past = own._past[0]
    needed = math.log(1 / ALPHA)
    does = np.array([
        log_e(own._watched(0, at), Position(), 1.5, past.usual.dispersion) >= needed
        for at in range(1, len(own._calls), 7)
    ])  # fmt: skip
    assert does.any()
    assert not (does & ~may[::7][: len(does)]).any()


def test_the_past_is_that_of_the_scenarios_rates_and_of_guardrails_that_act() -> None:
    """A week of its traffic at its rates, which ends when the release begins; no metric that is only shown."""
    (error,) = past_of(ILL, PLAN)
    assert (error.metric, error.usual.hours) == ("call.error", 168)
    assert error.usual.rate == pytest.approx(0.005, rel=0.01)
    assert past_of(ILL, msgspec.structs.replace(PLAN, control_ratio=0.0, steps=())) == ()


def test_a_past_of_more_than_a_week_is_refused() -> None:
    """No more is ever looked at."""
    with pytest.raises(InvalidInput) as refused:
        Scenario(name="x", rates=ILL.rates, past_s=8 * 86_400.0)
    assert refused.value.where == "past_s"
