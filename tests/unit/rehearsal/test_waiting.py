"""A rehearsed release that never comes to an end says where it waits, for what, and what to write (Q1)."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.pipeline.first import first_plan
from serinus.core.pipeline.plan import Limit, Plan, Step
from serinus.core.pipeline.stages import ApprovalStage, RolloutStage
from serinus.rehearsal.rehearse import rehearse_one
from serinus.rehearsal.scenario import People, Scenario, Traffic
from serinus.rehearsal.summary import Summary, summarise
from serinus.rehearsal.waiting import Wait, wait_text
from tests.unit.rehearsal.plans import ERROR, PLAN, outcomes, scenario

QUIET = scenario(traffic=Traffic(requests_per_day=3000, users=800, turns=1, shape="flat"))
LIMIT = Limit(metric=ERROR, above=0.5, min_requests=50)


def first(limit: Limit = LIMIT, freshness_s: float = 6 * 3600, min_units: int = 5, share: float = 0.1) -> Plan:
    """A first release of two steps."""
    steps = (Step(share=share, dwell_s=1800, min_units=min_units), Step(share=1.0, dwell_s=1800))
    stages = (ApprovalStage(name="go", roles=("ml_lead",)), RolloutStage(name="out", steps=steps))
    declared = msgspec.structs.replace(PLAN, steps=(), stages=stages, limits=(limit,), freshness_s=freshness_s)
    return first_plan("bot", declared, "A colleague will answer.")


def summed(plan: Plan, played: Scenario = QUIET) -> Summary:
    """Some releases of it."""
    return summarise(played, plan, outcomes(played, 4, plan), 4, 7, {})


def only(found: Summary) -> Wait:
    (wait,) = found.waits
    return wait


def test_H13_a_first_release_without_requests_for_its_limits_says_so() -> None:
    """At which step, what the limit wants and what comes, that time does not mend it, and the line that does."""
    wait = only(summed(first()))
    assert (wait.step, wait.share, wait.releases) == (0, 0.1, 4)
    (lack,) = wait.lacks
    assert "`call.error` wants 50 calls of the candidate in a whole minute, and in the busiest one 0.208 come" in lack
    assert "an app of 720,000 calls a day would have them" in lack
    assert "`{metric: call.error, above: 50 %, for: 5m, min_requests: 1, by_chance: 0.01%}`" in lack
    assert wait_text(wait, 4) == "4 of 4 releases still wait at step 1 (10 %):"


def test_H13_what_it_says_to_write_mends_it() -> None:
    """With the proposed line every one goes live, and nothing is said of waiting."""
    mended = msgspec.structs.replace(LIMIT, min_requests=1, by_chance=1e-4)
    found = summed(first(mended))
    assert (found.ends, found.waits) == ({"promoted": 4}, ())


def test_H13_a_share_is_proposed_where_one_would_do() -> None:
    """6.9 calls a minute at 10 % are 50 at 72 %, which no step but the last can have, and 33 at 48 %."""
    busier = scenario(traffic=Traffic(requests_per_day=100_000, users=4000, shape="flat"))
    assert "begin with" not in only(summed(first(), busier)).lacks[0]
    lower = first(msgspec.structs.replace(LIMIT, min_requests=33))
    assert "min_requests: 3, by_chance: 0.01%}`, or begin with a share of 48 %" in only(summed(lower, busier)).lacks[0]


def test_I3_calls_that_come_too_rarely_are_told_with_a_freshness_that_would_do() -> None:
    """One call in 4.8 minutes at 10 %, where a minute without one is a pause; what else is missing is told as well."""
    wait = only(summed(first(freshness_s=60)))
    assert "longer than `freshness` (1m)" in wait.lacks[0]
    assert "one comes in 4.8 min" in wait.lacks[0]
    assert "write `freshness: 1h`" in wait.lacks[0]
    assert any("no trigger had its requests" in lack for lack in wait.lacks)
    assert not any("in health are served" in lack for lack in wait.lacks)


def test_H2_users_that_do_not_come_are_told_with_the_hours_that_they_take() -> None:
    """How many had come, in what time, and a number that comes."""
    wait = only(summed(first(msgspec.structs.replace(LIMIT, min_requests=1, by_chance=1e-4), min_units=5000)))
    (lack,) = wait.lacks
    assert "of 5,000 users (`min_units`) had come after" in lack
    assert "days of this traffic" in lack
    assert "write `min_units: " in lack


def test_a_rehearsal_that_is_too_short_is_told_apart() -> None:
    """Nothing is wrong with the plan: the scenario ends before the dwell does."""
    short = scenario(horizon_s=3000, people=People(approve_after_s=60))
    wait = only(summed(PLAN, short))
    assert wait.step == 1
    assert "longer `horizon`" in wait.lacks[0]


@pytest.mark.parametrize("plan", [first(), first(freshness_s=60), first(min_units=5000)])
def test_beats_that_are_not_looked_at_change_nothing_that_is_told(plan: Plan) -> None:
    """The last round is always looked at."""
    quick = rehearse_one(QUIET, plan, 0, 3)
    thorough = rehearse_one(QUIET, plan, 0, 3, every_beat=True)
    assert quick.lacks
    assert quick.lacks == thorough.lacks
