"""What a rehearsal makes of a plan whose steps mean some users only."""

from __future__ import annotations

import msgspec
import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.pipeline.population import Population
from serinus.core.routing.predicate import Condition
from serinus.rehearsal.standard import STANDARD, playable

WEST, NORTH = (Condition(name="region", values=(name,)) for name in ("west", "north"))


def plan(*steps: Step) -> Plan:
    """These steps, then 100 %."""
    limit = Limit(metric="call.error", above=0.1)
    return Plan(owner="ada", steps=(*steps, Step(share=1.0, dwell_s=1)), limits=(limit,))


def test_a_population_is_rehearsed_as_a_part_of_the_users_of_its_size() -> None:
    """Region by region with the same share: each step enrols as many more users as its region has."""
    found = playable(
        plan(
            Step(share=0.1, dwell_s=1, population=Population(when=WEST, size=0.2)),
            Step(share=0.1, dwell_s=1, population=Population(when=NORTH, size=0.1)),
            Step(share=0.5, dwell_s=1),
        )
    )
    assert [step.share for step in found.steps] == pytest.approx([0.1, 0.15, 0.5, 1.0])
    assert all(step.population is None for step in found.steps)


def test_a_plan_for_everyone_is_rehearsed_as_it_stands() -> None:
    """Its steps are the same."""
    assert playable(STANDARD).steps == STANDARD.steps


def test_a_step_that_adds_nobody_is_told() -> None:
    """Not rehearsed as if it did."""
    everybody = Population(when=WEST, size=0.0)
    with pytest.raises(InvalidInput, match="adds nobody"):
        playable(plan(Step(share=0.5, dwell_s=1, population=everybody), Step(share=0.3, dwell_s=1)))


def test_guardrails_on_what_nobody_simulates_are_left_out() -> None:
    """Cost always, latency where nothing is said of it; events stay."""
    rails = tuple(Guardrail(metric=name) for name in ("call.error", "latency.p95", "cost.per_call"))
    whole = msgspec.structs.replace(STANDARD, guardrails=rails)
    assert [one.metric for one in playable(whole).guardrails] == ["call.error", "latency.p95"]
    assert [one.metric for one in playable(whole, latency=False).guardrails] == ["call.error"]


def test_a_scenario_may_say_how_large_a_population_is() -> None:
    """Instead of the plan, by its name; a name that no step has is refused."""
    staff = Population(when=WEST, size=0.0, name="staff")
    asked = plan(Step(share=0.1, dwell_s=1, population=staff), Step(share=0.5, dwell_s=1))
    assert playable(asked, sizes={"staff": 0.06}).steps[0].share == pytest.approx(0.03)
    with pytest.raises(InvalidInput, match="no step means"):
        playable(asked, sizes={"stuff": 0.06})
