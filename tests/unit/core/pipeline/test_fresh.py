"""How many units each step adds: what forecasts and rehearsals reckon with."""

from __future__ import annotations

import pytest

from serinus.core.pipeline.fresh import fresh_share
from serinus.core.pipeline.population import Population
from serinus.core.pipeline.step import Step
from serinus.core.routing.predicate import Condition


def meant(name: str, size: float = 0.0) -> Population:
    """A population."""
    return Population(when=Condition(name=name, values=(True,)), size=size)


def added(*steps: tuple[float, Population | None]) -> list[float]:
    """What each step adds to an arm."""
    made = [Step(share=share, dwell_s=1, population=population) for share, population in steps]
    return [fresh_share(made, index) for index in range(len(made))]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(0.05, None), (0.25, None), (0.5, None)], [0.05, 0.2, 0.25]),
        ([(0.02, meant("staff", 0.08)), (0.1, None)], [0.02, 0.1 * 0.92]),
        ([(0.02, meant("staff", 0.02)), (0.1, None), (0.5, None)], [0.01, 0.098, 0.392]),
        ([(0.1, meant("west", 0.5)), (0.1, meant("north", 0.2)), (0.2, meant("west", 0.5))], [0.1, 0.1, 0.1]),
        ([(0.1, meant("short")), (0.5, None)], [0.1, 0.4]),
        ([(0.1, None), (0.1, meant("west", 0.5))], [0.1, 0.05]),
    ],
)
def test_a_step_adds_what_earlier_ones_left(
    steps: list[tuple[float, Population | None]], expected: list[float]
) -> None:
    """For everyone: all but the populations that have more already. For a population: what it had not yet."""
    assert added(*steps) == pytest.approx(expected)


def test_all_steps_together_are_the_share_of_everyone() -> None:
    """With populations apart, all that was added by the last step for everyone is its share where nobody had more."""
    steps = [(0.05, meant("west", 0.5)), (0.05, meant("north", 0.25)), (0.5, None)]
    assert sum(added(*steps)) == pytest.approx(0.5)
