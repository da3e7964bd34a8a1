"""First releases are rehearsed by what is absolute alone (H13)."""

from __future__ import annotations

import msgspec
import pytest
from scipy import stats

from serinus.core.pipeline.first import first_plan
from serinus.core.pipeline.plan import Limit
from serinus.core.pipeline.shadow import PairLimit
from serinus.core.pipeline.stages import ApprovalStage, OfflineStage, RolloutStage, ShadowStage
from serinus.rehearsal.rehearse import rehearse_one
from serinus.rehearsal.scenario import Gap, Judge, Outage, Scenario, Traffic
from serinus.rehearsal.standard import FIRST
from tests.unit.rehearsal.plans import ERROR, PLAN, outcomes, scenario, times

DECLARED = msgspec.structs.replace(
    PLAN,
    steps=(),
    stages=(
        OfflineStage(name="golden set", suites=("golden",)),
        ApprovalStage(name="go", roles=("ml_lead",)),
        RolloutStage(name="out", steps=PLAN.steps),
    ),
    limits=(Limit(metric=ERROR, above=0.06, min_requests=20, by_chance=0.001),),
)
AT_FIRST = first_plan("bot", DECLARED, "A colleague will answer.")
PLAYED: dict[str, Scenario] = {
    "healthy": scenario(),
    "harm": times(5),
    "a worse judge": scenario(judge=Judge(drop=0.08)),
    "a judge that dies": scenario(judge=Judge(dies=True)),
    "gap": scenario(gaps=(Gap(from_s=10_000, for_s=1500),)),
    "few calls": scenario(traffic=Traffic(requests_per_day=40_000, users=2000, turns=1)),
    "outage": scenario(outages=(Outage(metric=ERROR, chance=0.9, from_s=11_000, for_s=600),)),
}


@pytest.mark.parametrize("name", sorted(PLAYED))
def test_h13_beats_of_a_first_release_that_are_not_looked_at_change_nothing(name: str) -> None:
    """Judging every single one gives the same release."""
    for index in range(2):
        quick = rehearse_one(PLAYED[name], AT_FIRST, index, 3)
        thorough = rehearse_one(PLAYED[name], AT_FIRST, index, 3, every_beat=True)
        assert quick.looks < thorough.looks
        assert msgspec.structs.replace(quick, looks=0) == msgspec.structs.replace(thorough, looks=0)


def test_h13_a_first_release_is_signed_served_and_goes_live() -> None:
    """After its suite and a signature; hardly ever stopped when well: the limit acts by chance once in a thousand
    minutes at its bound, and errors are three times rarer."""
    found = outcomes(scenario(), 100, AT_FIRST)
    stopped = sum(one.end != "promoted" for one in found)
    assert stats.binom.sf(stopped - 1, len(found), 0.01) > 1e-6
    judge, people = scenario().judge, scenario().people
    assert all(one.steps_s[0] >= judge.takes_s + people.approve_after_s for one in found)


def test_h13_harm_in_a_first_release_is_found_by_limits_alone() -> None:
    """Nothing is compared, so twice the failures below the limit go live; five times the failures are beyond it."""
    found = outcomes(times(5), 40, AT_FIRST)
    assert all(one.caught and one.question == "limits" and one.stopped_step <= 1 for one in found)
    assert {one.end for one in outcomes(times(2), 10, AT_FIRST)} == {"promoted"}


def test_h13_the_provider_is_not_told_from_the_candidate() -> None:
    """An outage rolls a first release back at once: there is no control that would veto it, nor a deadline."""
    found = rehearse_one(PLAYED["outage"], AT_FIRST, 0, 1)
    assert (found.end, found.question, found.pauses, found.false) == ("rolled_back", "limits", 0, True)


def test_h13_a_suite_of_a_first_release_asks_for_a_minimum() -> None:
    """Without a baseline: 8 points fewer than usual, where 3 are tolerated, end it before any user; as many as usual
    pass nearly always."""
    worse = [rehearse_one(PLAYED["a worse judge"], AT_FIRST, index, 1) for index in range(20)]
    assert all((one.end, one.exposed) == ("rejected", 0) and "below 85.0%" in one.reason for one in worse)
    dead = rehearse_one(PLAYED["a judge that dies"], AT_FIRST, 0, 1)
    assert (dead.end, dead.accused, dead.exposed) == ("paused", False, 0)


def test_h13_a_shadow_stage_becomes_a_suite_on_requests() -> None:
    """It has nothing to mirror."""
    shadow = ShadowStage(name="shadow", limits=(PairLimit(metric=ERROR, above=0.3),), requests=("recorded",))
    declared = msgspec.structs.replace(DECLARED, steps=(), stages=(DECLARED.stages[1], shadow, DECLARED.stages[2]))
    found = rehearse_one(scenario(), first_plan("bot", declared, "Later."), 0, 1)
    assert found.end == "promoted"
    assert found.steps_s[0] >= scenario().judge.takes_s + scenario().people.approve_after_s


def test_h13_the_usual_pipeline_has_a_first_release() -> None:
    """Signed before users see it."""
    usual = first_plan("bot", FIRST, "Later.")
    assert rehearse_one(scenario(traffic=Traffic(requests_per_day=150_000)), usual, 0, 1).end == "promoted"
