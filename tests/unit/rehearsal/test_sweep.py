"""Sizes of harm, and scenarios with them."""

from __future__ import annotations

import pytest

from serinus.core.errors import InvalidInput
from serinus.rehearsal.scenario import Judge
from serinus.rehearsal.sweep import Sweep, parse_sweep, sized
from tests.unit.rehearsal.plans import scenario, times


def test_q1_sizes_are_given_one_by_one_or_as_a_range() -> None:
    """A range of ratios grows in proportion, one of drops evenly; both ends are in it."""
    assert parse_sweep("ratio=1.5,2,3") == Sweep(what="ratio", values=(1.5, 2.0, 3.0))
    ratios = parse_sweep("ratio=1..4").values
    assert (ratios[0], ratios[3], ratios[-1], len(ratios)) == (1.0, 2.0, 4.0, 7)
    assert parse_sweep("drop=0..0.06").values == pytest.approx([0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06])


@pytest.mark.parametrize(
    "text", ["", "ratio", "ratio=", "ratio=two", "ratio=0..4", "ratio=3,2", "ratio=nan", "size=1..2", "ratio=4..1"]
)
def test_q1_other_sweeps_are_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(InvalidInput) as caught:
        parse_sweep(text)
    assert caught.value.mend


def test_q1_a_scenario_is_made_larger_and_smaller() -> None:
    """Its effect, or its judge; nothing else of it. Without an effect there is none to change."""
    ratio, drop = parse_sweep("ratio=2..4"), parse_sweep("drop=0.01..0.2")
    assert sized(times(3), ratio, 4.0).effect[0].ratio == 4.0
    assert sized(scenario(judge=Judge(noise=0.03)), drop, 0.2).judge == Judge(noise=0.03, drop=0.2, differs=0.2)
    with pytest.raises(InvalidInput, match="no effect"):
        sized(scenario(), ratio, 2.0)
