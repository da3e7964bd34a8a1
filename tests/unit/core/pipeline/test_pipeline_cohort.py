"""What of a cohort rule reaches the snapshot at each step, and what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.cohort import MOST_OPTED_IN, check_cohort, forced_units, populations
from serinus.core.pipeline.plan import Plan, Step
from serinus.core.pipeline.population import Population
from serinus.core.routing.predicate import Condition

STAFF = Condition(name="staff", values=(True,))
PLAN = Plan(
    owner="ada@example.com",
    steps=(
        Step(share=0.02, dwell_s=1, population=Population(when=STAFF), opted_in=("beta",)),
        Step(share=0.1, dwell_s=1, opted_in=("gamma",)),
        Step(share=1.0, dwell_s=1),
    ),
)


def config(**changes: Any) -> AppConfig:
    """An app whose lists share a unit."""
    values: dict[str, Any] = {"attributes": ("header",), "opted_in": {"beta": ("b", "a"), "gamma": ("c", "a")}}
    return AppConfig(name="bot", plan=PLAN, **(values | changes))


def test_A1_a_list_counts_from_the_step_that_names_it() -> None:
    """As the lists are now, each unit once; none before the first step."""
    check_cohort(config())
    found = [forced_units(config(), PLAN, step) for step in (-1, 0, 1, 2)]
    assert found == [(), ("a", "b"), ("a", "b", "c"), ("a", "b", "c")]
    assert forced_units(config(opted_in={}), PLAN, 1) == ()


def test_A1_populations_are_those_of_the_steps_so_far() -> None:
    """In their places; nothing when every step means everyone."""
    assert [populations(PLAN, step) for step in (-1, 0, 1)] == [(), (STAFF,), (STAFF, None)]
    everyone = Plan(owner="ada", steps=PLAN.steps[1:])
    assert populations(everyone, 1) == ()


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"attributes": ()}, "plan.stages[0].steps[0].population"),
        ({"attributes": ("header", "header")}, "cohort.attributes"),
        ({"opted_in": {"beta": ()}}, "plan.stages[0].steps[1].opted_in"),
        ({"opted_in": {"beta": (), "gamma": (), "Not a name!": ()}}, "cohort.opted_in"),
        ({"opted_in": {"beta": ("",), "gamma": ()}}, "cohort.opted_in"),
        ({"opted_in": {"beta": ("a\nb",), "gamma": ()}}, "cohort.opted_in"),
        ({"opted_in": {"beta": tuple(map(str, range(MOST_OPTED_IN + 1))), "gamma": ()}}, "cohort.opted_in"),
    ],
)
def test_A1_what_contradicts_itself_is_refused_where_it_stands(changes: dict[str, Any], where: str) -> None:
    """With what to write instead."""
    with pytest.raises(InvalidInput) as refused:
        check_cohort(config(**changes))
    assert refused.value.where == where
    assert refused.value.mend
